/** Reads the data of tensors that are needed outside a graph. */
import type { FileHandle } from 'node:fs/promises';
import { messageOf, RefineError } from '../../../errors.js';
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import { decodeFloats, elementBytes } from './decode-floats.js';
import type { Weight } from '../weight-map.js';

/** Bounds memory use beyond the result; a multiple of every element size. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * The whole tensor as float32.
 * @throws WEIGHTS_FILE_MISSING if the file can no longer be read or became shorter
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

const readFrom = async (
  { file }: Weight,
  read: (handle: FileHandle) => Promise<Float32Array>,
): Promise<Float32Array> => {
  try {
    return await withFile(file, 'weights', read);
  } catch (cause) {
    const message = `Cannot read the weights ${file}: ${messageOf(cause)}. Leave a model's files as they are while it is in use, and start again.`;
    throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { file }, cause });
  }
};

const readExactly = async (handle: FileHandle, position: number, length: number): Promise<Uint8Array> => {
  const bytes = await readUpTo(handle, position, length);
  if (bytes.length < length) throw new Error('it became shorter while in use');
  return bytes;
};
