/** A convolution's kernels transformed for minimal filtering, with their place in a prepared file. */
import { blockWeights } from '../../../tensor/nchwc-weights.js';
import { KERNEL_SIZE, transformKernels } from '../../../tensor/transform-kernels.js';
import type { Place, PreparedFile } from './prepared-file.js';
import { readTensorF32 } from '../safetensors/read-tensor.js';
import { sliceRows, type Weight } from '../weight-map.js';

/** Output channels at a time: bounds the memory. A multiple of every block. */
const ROWS = 32;

/**
 * @param source [out,in,3,3]
 * @param matrix [factors,9], row by row
 * @param block channels of one
 * @returns place of f32 [factors·out,in,1,1], each factor's numbers as `blockWeights` lays them
 */
export const prepareKernels = (file: PreparedFile, source: Weight, matrix: Float32Array, block: number): Place => {
  const [outer = 0, inner = 0] = source.shape;
  const factors = matrix.length / KERNEL_SIZE;
  const place = file.allot('F32', [factors * outer, inner, 1, 1]);
  file.fill(async (put) => {
    for (let first = 0; first < outer; first += ROWS) {
      const end = Math.min(outer, first + ROWS);
      const planes = transformKernels(await readTensorF32(sliceRows(source, first, end)), matrix);
      const start = place.offset + first * inner * Float32Array.BYTES_PER_ELEMENT;
      for (const [factor, plane] of planes.entries()) {
        const blocked = blockWeights(plane, { outer: end - first, inner, taps: 1 }, block);
        await put(blocked, start + factor * outer * inner * Float32Array.BYTES_PER_ELEMENT);
      }
    }
  });
  return place;
};
