/** Converts the UNet's prediction to clean latents or noise, in float32 with torch's rounding. */
import { oneOf } from '../config-fields.js';

const f32 = Math.fround;

const TYPES = ['epsilon', 'v_prediction', 'sample'] as const;
export type PredictionType = (typeof TYPES)[number];
export const PREDICTION_FIELDS = { prediction_type: oneOf(TYPES, 'epsilon') };

/** Converts a noisy latent number and its prediction to the clean number. */
export type Denoise = (sample: number, prediction: number) => number;

/**
 * For latents image + `sigma` · noise.
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

/** For latents `alpha` · image + `sigma` · noise, alpha² + sigma² = 1. */
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

/** From a noisy latent number and its prediction to the noise; latents as for `denoiseBetween`. */
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
