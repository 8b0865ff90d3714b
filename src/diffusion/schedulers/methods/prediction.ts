/** What the UNet's prediction says of the clean latents, in float32 rounded as torch rounds. */
import { oneOf } from '../config-fields.js';

const f32 = Math.fround;

const TYPES = ['epsilon', 'v_prediction', 'sample'] as const;
export type PredictionType = (typeof TYPES)[number];
export const PREDICTION_FIELDS = { prediction_type: oneOf(TYPES, 'epsilon') };

/** From a number of the noisy latents and the prediction for it to the clean latents' number. */
export type Denoise = (sample: number, prediction: number) => number;

/**
 * For latents that are the picture plus `sigma` times the noise.
 * v-prediction: Salimans & Ho 2022, arXiv:2202.00512, appendix D.
 */
export const denoiseAt = (type: PredictionType, sigma: number): Denoise => {
  switch (type) {
    case 'epsilon':
      return (sample, prediction) => f32(sample - f32(sigma * prediction));
    case 'sample':
      return (_, prediction) => prediction;
    case 'v_prediction': {
      const variance = f32(f32(sigma * sigma) + 1);
      const scale = f32(-sigma / f32(Math.sqrt(variance)));
      return (sample, prediction) => f32(f32(prediction * scale) + f32(sample / variance));
    }
  }
};

/** The same for latents that are `alpha` times the picture plus `sigma` times the noise, alpha² + sigma² = 1. */
export const denoiseBetween = (type: PredictionType, alpha: number, sigma: number): Denoise => {
  switch (type) {
    case 'epsilon':
      return (sample, prediction) => f32(f32(sample - f32(sigma * prediction)) / alpha);
    case 'sample':
      return (_, prediction) => prediction;
    case 'v_prediction':
      return (sample, prediction) => f32(f32(alpha * sample) - f32(sigma * prediction));
  }
};

/** From the same to the noise. */
export const noiseBetween = (type: PredictionType, alpha: number, sigma: number): Denoise => {
  switch (type) {
    case 'epsilon':
      return (_, prediction) => prediction;
    case 'sample':
      return (sample, prediction) => f32(f32(sample - f32(alpha * prediction)) / sigma);
    case 'v_prediction':
      return (sample, prediction) => f32(f32(alpha * prediction) + f32(sigma * sample));
  }
};
