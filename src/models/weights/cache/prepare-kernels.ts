/** Transforms a convolution's kernels for Winograd into a prepared file. */
import { toNchwcWeights } from '../../../tensor/nchwc-weights.js';
import { KERNEL_SIZE, transformKernels } from '../../../tensor/transform-kernels.js';
import type { Place, PreparedFile } from './prepared-file.js';
import { readTensorF32 } from '../safetensors/read-tensor.js';
import { sliceRows, type Weight } from '../weight-map.js';

/** Output channels at a time, to bound the memory; a multiple of every block size. */
const ROWS = 32;

/**
 * @param source [out,in,3,3]
 * @param transform [m,9], row by row: KERNEL_TRANSFORM
 * @param blockSize channels of an NCHWc block
 * @returns place of f32 [m·out,in,1,1], each element in `toNchwcWeights`' order
 */
export const prepareKernels = (
  file: PreparedFile,
  source: Weight,
  transform: Float32Array,
  blockSize: number,
): Place => {
  const [outputs = 0, inputs = 0] = source.shape;
  const elements = transform.length / KERNEL_SIZE;
  const place = file.reserve('F32', [elements * outputs, inputs, 1, 1]);
  file.fill(async (put) => {
    for (let first = 0; first < outputs; first += ROWS) {
      const end = Math.min(outputs, first + ROWS);
      const transformed = transformKernels(await readTensorF32(sliceRows(source, first, end)), transform);
      const start = place.offset + first * inputs * Float32Array.BYTES_PER_ELEMENT;
      for (const [index, element] of transformed.entries()) {
        const nchwc = toNchwcWeights(element, { outputs: end - first, inputs, taps: 1 }, blockSize);
        await put(nchwc, start + index * outputs * inputs * Float32Array.BYTES_PER_ELEMENT);
      }
    }
  });
  return place;
};
