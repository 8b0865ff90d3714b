/** Reads a row's latents from a `.safetensors`, `.npy` or `.pt` file. */
import { extname } from 'node:path';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import type { LatentsData } from '../../../records/picture.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { parseNpy, type NpyArray } from './parse-npy.js';
import { readTensorF32 } from '../safetensors/read-tensor.js';
import { readTorchTensor } from './read-torch-tensor.js';
import { showNames, showShape } from '../safetensors/format-value.js';
import { mergeTensors } from '../weight-map.js';

/** Name of the tensor in files with several, and in files of `encodeLatents`. */
export const LATENTS_TENSOR = 'latents';
const CHANNELS = 4;
/** Height × width; a picture of 8192×8192 pixels. */
const MAX_POSITIONS = 1024 * 1024;
/** Height or width; as of pictures, 16 384 pixels. */
const MAX_SIDE = 2048;

/**
 * Latents [1,4,h,w] or [4,h,w], F32, F16 or BF16 (`.npy`: also float64), scaled as in diffusers.
 * @throws LATENTS_INVALID
 */
export const readLatents = async (path: string): Promise<LatentsData> => {
  const { data, shape } = await readArray(path);
  const [height = 0, width = 0] = shape.slice(-2);
  const broken = data.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) throw invalid(path, `number ${broken} of its latents is ${data[broken] ?? NaN}; all must be finite`);
  return { data, width, height };
};

const readArray = async (path: string): Promise<NpyArray> => {
  try {
    switch (extname(path).toLowerCase()) {
      case '.safetensors':
        return await readFromSafetensors(path);
      case '.npy':
        return await readFromNpy(path);
      case '.pt':
      case '.pth':
        return await readFromTorch(path);
      default:
        throw invalid(path, 'expected a .safetensors, .npy, .pt or .pth file');
    }
  } catch (cause) {
    if (isRefineError(cause) && cause.code === 'LATENTS_INVALID') throw cause;
    const why = systemCodeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
    throw new RefineError('LATENTS_INVALID', isRefineError(cause) ? why : `Cannot read the latents ${path}: ${why}.`, {
      cause,
    });
  }
};

const readFromSafetensors = async (path: string): Promise<NpyArray> => {
  const file = await openSafetensors(path, 'latents');
  const names = [...file.tensors.keys()];
  const name = names.length === 1 ? (names[0] ?? '') : LATENTS_TENSOR;
  const shape = file.tensors.get(name)?.shape;
  if (shape === undefined) {
    throw invalid(
      path,
      `expected one tensor, or one named "${LATENTS_TENSOR}"; found ${names.length}: ${showNames(names)}`,
    );
  }
  checkShape(shape, path);
  return { data: await readTensorF32(mergeTensors([file]).require(name, shape)), shape };
};

const readFromNpy = (path: string): Promise<NpyArray> =>
  withFile(path, 'latents', async (handle, size) => {
    const array = parseNpy(await readUpTo(handle, 0, size), path);
    checkShape(array.shape, path);
    return array;
  });

const readFromTorch = (path: string): Promise<NpyArray> =>
  readTorchTensor(path, (shape) => {
    checkShape(shape, path);
  });

const checkShape = (shape: readonly number[], path: string): void => {
  const [batch = 0, channels = 0, height = 0, width = 0] = shape.length === 3 ? [1, ...shape] : shape;
  const isLatents = shape.length <= 4 && batch === 1 && channels === CHANNELS && height > 0 && width > 0;
  if (!isLatents) throw invalid(path, `expected latents [1, ${CHANNELS}, height, width], got ${showShape(shape)}`);
  if (Math.max(height, width) > MAX_SIDE) {
    throw invalid(path, `latents of ${height}×${width} are longer than ${MAX_SIDE} positions`);
  }
  if (height * width > MAX_POSITIONS) {
    throw invalid(path, `latents of ${height}×${width} are more than ${MAX_POSITIONS} positions`);
  }
};

const invalid = (path: string, what: string): RefineError =>
  new RefineError('LATENTS_INVALID', `Cannot use the latents ${path}: ${what}.`, { context: { file: path } });
