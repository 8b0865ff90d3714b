/**
 * Heun's second-order method: Karras et al. 2022, arXiv:2206.00364, algorithm 1; configuration and float32 arithmetic of
 * diffusers 0.42, schedulers/scheduling_heun_discrete.py.
 */
import { clipped, LATENT_CLIP_FIELDS } from './alpha-space.js';
import { type ConfigOf, number, optional } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseAt, PREDICTION_FIELDS } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { levelsAtTimesteps, respace, sigmaSpace, twice } from './sigma-space.js';
import { SIGMA_FIELDS } from '../noise/sigmas.js';
import { CUSTOM_TIMESTEP_FIELDS, TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const HEUN_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  ...TIMESTEP_FIELDS,
  ...SIGMA_FIELDS,
  ...LATENT_CLIP_FIELDS,
  beta_start: number(0.00085),
  beta_end: number(0.012),
  sigma_min: optional(number(0)),
  sigma_max: optional(number(0)),
};

export const buildHeun = (config: ConfigOf<typeof HEUN_FIELDS>, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const levels = respace(config, levelsAtTimesteps(config, trained, steps), trained, steps);
  const sigmas = Float32Array.of(...twice(levels.sigmas), 0);
  const clip = clipped(config);
  return {
    timesteps: Float32Array.from(twice(levels.timesteps)),
    sigmas,
    trainTimesteps: config.num_train_timesteps,
    order: 2,
    ...sigmaSpace(sigmas, config.timestep_spacing),
    sampler: () => {
      /** Latents and slope at the beginning of the current step; null between steps. */
      let half: { sample: Float32Array; slope: Float32Array } | null = null;
      return {
        step: (prediction, step, sample) => {
          const sigma = sigmas[step]!;
          const denoise = denoiseAt(config.prediction_type, sigma);
          const slope = sample.map((value, i) => f32(value - clip(denoise(value, prediction[i]!))) / sigma);
          if (half === null) {
            const dt = f32(sigmas[step + 1]! - sigma);
            half = { sample, slope };
            return sample.map((value, i) => value + f32(slope[i]! * dt));
          }
          const begun = half;
          half = null;
          const dt = f32(sigma - sigmas[step - 1]!);
          return begun.sample.map((value, i) => value + f32(f32(f32(begun.slope[i]! + slope[i]!) / 2) * dt));
        },
      };
    },
  };
};
