/** Quantizes a linear layer to int8 in a prepared file. */
import { quantizeRows } from '../../../tensor/quantize-rows.js';
import type { Place, PreparedFile } from './prepared-file.js';
import { readTensorF32 } from '../safetensors/read-tensor.js';
import type { Weight } from '../weight-map.js';

/**
 * 7 bits: processors without AVX512-VNNI add pairs of products in 16 bits, which 8-bit weights overflow
 * (docs/decisions/0009).
 */
const LARGEST = 63;

export interface QuantizedWeight {
  /** i8 [in,out] */
  readonly values: Place;
  /** f32 [out]: weight = value × scale. */
  readonly scales: Place;
}

/** @param source [out,in] */
export const prepareInt8 = (file: PreparedFile, source: Weight): QuantizedWeight => {
  const [outputs = 0, inputs = 0] = source.shape;
  const places = { values: file.reserve('I8', [inputs, outputs]), scales: file.reserve('F32', [outputs]) };
  file.fill(async (put) => {
    const { values, scales } = quantizeRows(await readTensorF32(source), outputs, LARGEST);
    await put(values, places.values.offset);
    await put(scales, places.scales.offset);
  });
  return places;
};
