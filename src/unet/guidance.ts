/** Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598, eq. 6). */
import { tensor, type Tensor } from '../tensor/tensor.js';

/** @param prediction f32 [2,…]: unconditional, conditional @returns f32 [1,…] */
export const guide = (prediction: Tensor, scale: number): Tensor => {
  const half = prediction.data.length / 2;
  const guided = new Float32Array(half);
  for (let i = 0; i < half; i++) {
    const unconditional = prediction.data[i]!;
    guided[i] = unconditional + Math.fround(scale * Math.fround(prediction.data[half + i]! - unconditional));
  }
  return tensor(guided, [1, ...prediction.dims.slice(1)]);
};
