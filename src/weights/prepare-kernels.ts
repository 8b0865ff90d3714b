/** A convolution's kernels transformed for minimal filtering, with their place in a prepared file. */
import { KERNEL_SIZE, transformKernels } from '../tensor/transform-kernels.js';
import type { Place, PreparedFile } from './prepared-file.js';
import { readTensorF32 } from './read-tensor.js';
import { sliceRows, type Weight } from './weight-map.js';

/** Output channels at a time: bounds the memory. */
const ROWS = 32;

/**
 * @param source [out,in,3,3]
 * @param matrix [factors,9], row by row
 * @returns place of f32 [factors,out,in]
 */
export const prepareKernels = (file: PreparedFile, source: Weight, matrix: Float32Array): Place => {
  const [outer = 0, inner = 0] = source.shape;
  const factors = matrix.length / KERNEL_SIZE;
  const place = file.allot('F32', [factors, outer, inner]);
  file.fill(async (put) => {
    for (let first = 0; first < outer; first += ROWS) {
      const kernels = await readTensorF32(sliceRows(source, first, Math.min(outer, first + ROWS)));
      const planes = transformKernels(kernels, matrix);
      const start = place.offset + first * inner * Float32Array.BYTES_PER_ELEMENT;
      for (const [factor, plane] of planes.entries()) {
        await put(plane, start + factor * outer * inner * Float32Array.BYTES_PER_ELEMENT);
      }
    }
  });
  return place;
};
