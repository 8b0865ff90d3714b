/** A layer's weights laid out for channels in blocks, with their place in a prepared file. */
import { blockWeights } from '../../../tensor/nchwc-weights.js';
import type { Place, PreparedFile } from './prepared-file.js';
import { readTensorF32 } from '../safetensors/read-tensor.js';
import { sliceRows, type Weight } from '../weight-map.js';

/** Outputs at a time: bounds the memory. A multiple of every block. */
const ROWS = 64;

/** @param source [out,in] or [out,in,k,k] @param block channels of one @returns place of f32 [out,in,k,k] in that order */
export const prepareBlocked = (file: PreparedFile, source: Weight, block: number): Place => {
  const [outer = 0, inner = 0, height = 1, width = 1] = source.shape;
  const taps = height * width;
  const place = file.allot('F32', [outer, inner, height, width]);
  file.fill(async (put) => {
    for (let first = 0; first < outer; first += ROWS) {
      const end = Math.min(outer, first + ROWS);
      const rows = await readTensorF32(sliceRows(source, first, end));
      const start = place.offset + first * inner * taps * Float32Array.BYTES_PER_ELEMENT;
      await put(blockWeights(rows, { outer: end - first, inner, taps }, block), start);
    }
  });
  return place;
};
