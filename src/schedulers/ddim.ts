/**
 * DDIM without noise: Song et al. 2020, arXiv:2010.02502, eq. 12 with sigma 0; configuration of diffusers 0.42,
 * schedulers/scheduling_ddim.py.
 */
import { alphaSpace, CLIP_FIELDS, clipped, finalAlpha, mixture, wholeTimesteps } from './alpha-space.js';
import { type ConfigOf, flag, withDefault } from './config-fields.js';
import { NOISE_FIELDS, trainedNoise } from './noise-schedule.js';
import { denoiseBetween, noiseBetween, PREDICTION_FIELDS } from './prediction.js';
import type { UnnamedSchedule } from './scheduler.js';
import { TIMESTEP_FIELDS } from './timesteps.js';

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
    trainTimesteps: config.num_train_timesteps,
    order: 1,
    sampler: () => ({
      step: (prediction, step, sample) => {
        const timestep = timesteps[step]!;
        const from = mixture(trained.alphasCumprod[timestep]!);
        const to = mixture(trained.alphasCumprod[timestep - stride] ?? finalAlpha(config, trained));
        const denoise = denoiseBetween(config.prediction_type, from.alpha, from.sigma);
        const noiseOf = noiseBetween(config.prediction_type, from.alpha, from.sigma);
        return sample.map((value, i) => {
          const clean = clip(denoise(value, prediction[i]!));
          return f32(to.alpha * clean) + f32(to.sigma * noiseOf(value, prediction[i]!));
        });
      },
    }),
  };
};
