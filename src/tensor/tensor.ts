/** Dense float32 tensors: data and dimensions, row-major. Pure. */

export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** Pairs data with dimensions. @throws RangeError if their sizes differ */
export const tensor = (data: Float32Array, dims: readonly number[]): Tensor => {
  if (data.length !== sizeOf(dims)) throw new RangeError(`${data.length} numbers cannot fill [${dims.join(', ')}]`);
  return { data, dims };
};

/** Concatenates tensors along the first axis; their other dimensions are equal. */
export const concatBatch = (parts: readonly Tensor[]): Tensor => {
  const [first] = parts;
  if (first === undefined) throw new RangeError('no tensors to concatenate');
  const data = new Float32Array(parts.reduce((length, part) => length + part.data.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  const batch = parts.reduce((count, part) => count + (part.dims[0] ?? 0), 0);
  return tensor(data, [batch, ...first.dims.slice(1)]);
};

/** Rows `start` up to `end` of the first axis, sharing memory. */
export const sliceBatch = (source: Tensor, start: number, end: number): Tensor => {
  const row = sizeOf(source.dims.slice(1));
  return tensor(source.data.subarray(start * row, end * row), [end - start, ...source.dims.slice(1)]);
};

/** Index of the first NaN or infinite number; -1: all are finite. */
export const firstNonFinite = (data: Float32Array): number => {
  /* A loop: a call for each of a picture's 3 million numbers takes as long as a step of the UNet on a GPU. */
  for (let index = 0; index < data.length; index++) if (!Number.isFinite(data[index])) return index;
  return -1;
};
