/** Reads the data of a tensor, for the few that are needed outside a graph. */
import type { FileHandle } from 'node:fs/promises';
import { messageOf, RefineError } from '../errors.js';
import { decodeFloats, elementBytes } from './decode-floats.js';
import type { Weight } from './weight-map.js';
import { readUpTo, withFile } from './with-file.js';

/** Bounds the memory beside the result; a multiple of every element's size. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The whole tensor as float32.
 * @throws WEIGHTS_FILE_MISSING when the file cannot be read any more, or became shorter
 */
export const readTensorF32 = async (weight: Weight): Promise<Float32Array> => {
  const { dtype, offset, byteLength } = weight;
  const numbers = new Float32Array(byteLength / elementBytes(dtype));
  return readFrom(weight, async (handle) => {
    for (let done = 0; done < byteLength; done += CHUNK_BYTES) {
      const bytes = await readExactly(handle, offset + done, Math.min(CHUNK_BYTES, byteLength - done));
      numbers.set(decodeFloats(bytes, dtype), done / elementBytes(dtype));
    }
    return numbers;
  });
};

/**
 * Some rows of a tensor [rows, columns] as float32 [indices, columns]: 77 of the 49 408 rows of a token embedding.
 * @throws RangeError for a row it does not have: a bug of the caller, who knows the shape
 * @throws WEIGHTS_FILE_MISSING as above
 */
export const readRowsF32 = async (weight: Weight, indices: readonly number[]): Promise<Float32Array> => {
  const { dtype, offset, byteLength } = weight;
  const [rows = 0] = weight.shape;
  const outside = indices.find((row) => !Number.isInteger(row) || row < 0 || row >= rows);
  if (outside !== undefined) throw new RangeError(`row ${outside} of ${rows}`);
  const rowBytes = rows === 0 ? 0 : byteLength / rows;
  const columns = rowBytes / elementBytes(dtype);
  const numbers = new Float32Array(indices.length * columns);
  return readFrom(weight, async (handle) => {
    for (const [i, row] of indices.entries()) {
      const bytes = await readExactly(handle, offset + row * rowBytes, rowBytes);
      numbers.set(decodeFloats(bytes, dtype), i * columns);
    }
    return numbers;
  });
};

const readFrom = async (
  { file }: Weight,
  read: (handle: FileHandle) => Promise<Float32Array>,
): Promise<Float32Array> => {
  try {
    return await withFile(file, read);
  } catch (cause) {
    const message = `Cannot read the weights ${file}: ${messageOf(cause)}.`;
    throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { file }, cause });
  }
};

const readExactly = async (handle: FileHandle, position: number, length: number): Promise<Uint8Array> => {
  const bytes = await readUpTo(handle, position, length);
  if (bytes.length < length) throw new Error('it became shorter while in use');
  return bytes;
};
