/** Decodes F32, F16 and BF16 to float32, exactly. Pure. */
import { fromFloat16 } from '../../../tensor/float16.js';
import type { WeightDtype } from './dtypes.js';

const ELEMENT_BYTES: Readonly<Record<WeightDtype, number>> = { F32: 4, F16: 2, BF16: 2 };

export const elementBytes = (dtype: WeightDtype): number => ELEMENT_BYTES[dtype];

/**
 * Converts little-endian elements on a little-endian machine, as all platforms of ONNX Runtime are.
 * @param bytes whole elements, at any alignment
 */
export const decodeFloats = (bytes: Uint8Array, dtype: WeightDtype): Float32Array => {
  // Typed arrays need aligned elements; a copy is aligned.
  const { buffer } = new Uint8Array(bytes);
  if (dtype === 'F32') return new Float32Array(buffer);
  const halves = new Uint16Array(buffer);
  if (dtype === 'F16') return fromFloat16(halves);
  // A bfloat16 is the upper half of a float32.
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
};
