/**
 * DDIM: Song et al. 2020, arXiv:2010.02502, eq. 12, with the share `eta` of eq. 16's noise; configuration of
 * diffusers 0.42, schedulers/scheduling_ddim.py.
 */
import { alphaSpace, CLIP_FIELDS, clipped, finalAlpha, mixture, wholeTimesteps } from './alpha-space.js';
import { type ConfigOf, flag, withDefault } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween, noiseBetween, PREDICTION_FIELDS } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const DDIM_FIELDS = {
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  ...TIMESTEP_FIELDS,
  ...CLIP_FIELDS,
  timestep_spacing: withDefault(TIMESTEP_FIELDS.timestep_spacing, 'leading'),
  set_alpha_to_one: flag(true),
  rescale_betas_zero_snr: flag(false),
};

export const buildDdim = (config: ConfigOf<typeof DDIM_FIELDS>, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config, 'zero');
  const timesteps = wholeTimesteps(config, steps);
  const stride = Math.floor(config.num_train_timesteps / steps);
  const clip = clipped(config);
  return {
    ...alphaSpace(timesteps, trained),
    sampler: (eta = 0) => ({
      step: (prediction, step, sample, noise) => {
        const timestep = timesteps[step]!;
        const here = trained.alphasCumprod[timestep]!;
        const next = trained.alphasCumprod[timestep - stride] ?? finalAlpha(config, trained);
        const from = mixture(here);
        const variance = f32(f32(f32(1 - next) / f32(1 - here)) * f32(1 - f32(here / next)));
        const deviation = f32(eta * f32(Math.sqrt(variance)));
        const alpha = f32(Math.sqrt(next));
        const direction = f32(Math.sqrt(Math.max(f32(f32(1 - next) - f32(deviation * deviation)), 0)));
        const denoise = denoiseBetween(config.prediction_type, from.alpha, from.sigma);
        const noiseOf = noiseBetween(config.prediction_type, from.alpha, from.sigma);
        const moved = sample.map((value, i) => {
          const clean = clip(denoise(value, prediction[i]!));
          return f32(alpha * clean) + f32(direction * noiseOf(value, prediction[i]!));
        });
        if (eta === 0) return moved;
        const fresh = noise.normal(sample.length);
        return moved.map((value, i) => value + f32(deviation * fresh[i]!));
      },
    }),
  };
};
