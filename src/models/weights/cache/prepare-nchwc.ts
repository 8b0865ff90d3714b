/** Converts a layer's weight to the NCHWc layout in a prepared file. */
import { toNchwcWeights } from '../../../tensor/nchwc-weights.js';
import type { Place, PreparedFile } from './prepared-file.js';
import { readTensorF32 } from '../safetensors/read-tensor.js';
import { sliceRows, type Weight } from '../weight-map.js';

/** Outputs at a time, to bound the memory; a multiple of every block size. */
const ROWS = 64;

/** @param source [out,in] or [out,in,k,k] @param blockSize channels of an NCHWc block @returns place of f32 [out,in,k,k] */
export const prepareNchwc = (file: PreparedFile, source: Weight, blockSize: number): Place => {
  const [outputs = 0, inputs = 0, height = 1, width = 1] = source.shape;
  const taps = height * width;
  const place = file.reserve('F32', [outputs, inputs, height, width]);
  file.fill(async (put) => {
    for (let first = 0; first < outputs; first += ROWS) {
      const end = Math.min(outputs, first + ROWS);
      const rows = await readTensorF32(sliceRows(source, first, end));
      const start = place.offset + first * inputs * taps * Float32Array.BYTES_PER_ELEMENT;
      await put(toNchwcWeights(rows, { outputs: end - first, inputs, taps }, blockSize), start);
    }
  });
  return place;
};
