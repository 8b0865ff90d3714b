/** Classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598, eq. 6). */
import { tensor, type Tensor } from '../../tensor/tensor.js';

/**
 * @param prediction f32 [2,…]: unconditional, conditional
 * @param rescale 0 to 1: 0 keeps the guided prediction, 1 scales it to the standard deviation of the conditional one
 * @returns f32 [1,…]
 */
export const applyGuidance = (prediction: Tensor, scale: number, rescale = 0): Tensor => {
  const half = prediction.data.length / 2;
  const guided = new Float32Array(half);
  for (let i = 0; i < half; i++) {
    const unconditional = prediction.data[i]!;
    guided[i] = unconditional + Math.fround(scale * Math.fround(prediction.data[half + i]! - unconditional));
  }
  if (rescale > 0) rescaleGuidance(guided, prediction.data.subarray(half), rescale);
  return tensor(guided, [1, ...prediction.dims.slice(1)]);
};

/**
 * Cosine similarity of the unconditional and the conditional prediction. Where they agree, guidance changes little, and a run can do
 * without (adaptive guidance: Castillo et al. 2023, arXiv:2312.12487, eq. 7).
 * @param prediction f32 [2,…] @returns -1 to 1
 */
export const agreement = ({ data }: Tensor): number => {
  const half = data.length / 2;
  let [product, unconditional, conditional] = [0, 0, 0];
  for (let i = 0; i < half; i++) {
    const [a, b] = [data[i]!, data[half + i]!];
    product += a * b;
    unconditional += a * a;
    conditional += b * b;
  }
  return product / Math.sqrt(unconditional * conditional);
};

/**
 * Guidance raises the standard deviation of predictions, which overexposes images (Lin et al. 2023, arXiv:2305.08891, §3.4;
 * diffusers 0.42.1 `rescale_noise_cfg` of pipeline_stable_diffusion_xl.py).
 * @param guided in place
 */
const rescaleGuidance = (guided: Float32Array, conditional: Float32Array, share: number): void => {
  const ratio = Math.fround(standardDeviation(conditional) / standardDeviation(guided));
  for (let i = 0; i < guided.length; i++) {
    const value = guided[i]!;
    guided[i] = Math.fround(share * Math.fround(value * ratio)) + Math.fround((1 - share) * value);
  }
};

/** Sample standard deviation, as torch.std. */
const standardDeviation = (values: Float32Array): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
};
