/** Reads one tensor of a torch.save file: a zip archive with data and a pickle, which is parsed and never executed. */
import type { FileHandle } from 'node:fs/promises';
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import { decodeFloats, elementBytes } from '../safetensors/decode-floats.js';
import type { NpyArray } from './parse-npy.js';
import { MAX_PICKLE_BYTES, parseTorchPickle, type TorchTensor } from './parse-torch-pickle.js';
import { readZipEntries, type ZipEntry } from './zip-entries.js';

/** Most elements read for each element of the result: a slice of a larger tensor has large strides. */
const MAX_SPREAD = 16;

/**
 * @param checkShape throws for an unexpected shape, before any data is read
 * @returns float32 in row-major order
 * @throws Error with the problem of the file
 */
export const readTorchTensor = (path: string, checkShape: (shape: readonly number[]) => void): Promise<NpyArray> =>
  withFile(path, 'latents', async (handle, fileSize) => {
    const entries = await readZipEntries(handle, fileSize);
    const [pickle, root] = findPickle(entries);
    const order = entries.get(`${root}byteorder`);
    if (order !== undefined && (await readText(handle, order)) !== 'little') throw new Error('it is not little-endian');
    if (pickle.size > MAX_PICKLE_BYTES)
      throw new Error(`its pickle has ${pickle.size} bytes, more than ${MAX_PICKLE_BYTES}`);
    const tensor = parseTorchPickle(await readUpTo(handle, pickle.start, pickle.size));
    checkShape(tensor.shape);
    return {
      data: await readElements(handle, tensor, entries.get(`${root}data/${tensor.storage}`)),
      shape: tensor.shape,
    };
  });

const findPickle = (entries: ReadonlyMap<string, ZipEntry>): [ZipEntry, string] => {
  const pickles = [...entries].filter(([name]) => /^[^/]+\/data\.pkl$/.test(name));
  const [first] = pickles;
  if (first === undefined || pickles.length > 1) throw new Error('it is not a torch.save file: it has no data.pkl');
  const [name, entry] = first;
  return [entry, name.slice(0, -'data.pkl'.length)];
};

const readText = async (handle: FileHandle, { start, size }: ZipEntry): Promise<string> =>
  new TextDecoder('latin1').decode(await readUpTo(handle, start, Math.min(size, 16)));

const readElements = async (
  handle: FileHandle,
  { dtype, storageSize, offset, shape, strides }: TorchTensor,
  entry: ZipEntry | undefined,
): Promise<Float32Array> => {
  const bytes = elementBytes(dtype);
  if (entry?.size !== storageSize * bytes) throw new Error('its data is not where its pickle says, or of another size');
  const count = shape.reduce((product, dim) => product * dim, 1);
  const span = shape.reduce((sum, dim, axis) => sum + (dim - 1) * (strides[axis] ?? 0), 1);
  if (offset + span > storageSize) throw new Error('its tensor reaches beyond its data');
  if (span > count * MAX_SPREAD)
    throw new Error(`its tensor is spread over ${span} numbers; save a copy (tensor.clone())`);
  const stored = decodeFloats(await readUpTo(handle, entry.start + offset * bytes, span * bytes), dtype);
  return Float32Array.from({ length: count }, (_, index) => stored[placeOf(index, shape, strides)] ?? NaN);
};

/** Position of the `index`th number in the storage. */
const placeOf = (index: number, shape: readonly number[], strides: readonly number[]): number => {
  let place = 0;
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const dim = shape[axis] ?? 1;
    place += (rest % dim) * (strides[axis] ?? 0);
    rest = Math.floor(rest / dim);
  }
  return place;
};
