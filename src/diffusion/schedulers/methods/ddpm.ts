/**
 * Ancestral sampling: Ho et al. 2020, arXiv:2006.11239, algorithm 2 and eq. 7; configuration of diffusers 0.42,
 * schedulers/scheduling_ddpm.py.
 */
import { alphaSpace, CLIP_FIELDS, clipped, mixture, wholeTimesteps } from './alpha-space.js';
import { type ConfigOf, flag, oneOf, withDefault } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween, PREDICTION_FIELDS } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { CUSTOM_TIMESTEP_FIELDS, TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const DDPM_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  ...TIMESTEP_FIELDS,
  ...CLIP_FIELDS,
  timestep_spacing: withDefault(TIMESTEP_FIELDS.timestep_spacing, 'leading'),
  variance_type: oneOf(['fixed_small', 'fixed_small_log', 'fixed_large'], 'fixed_small'),
  rescale_betas_zero_snr: flag(false),
};

export const buildDdpm = (config: ConfigOf<typeof DDPM_FIELDS>, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config, 'zero');
  const timesteps = wholeTimesteps(config, steps);
  const clip = clipped(config);
  return {
    ...alphaSpace(timesteps, trained),
    sampler: () => ({
      step: (prediction, step, sample, noise) => {
        const from = trained.alphasCumprod[timesteps[step]!]!;
        const to = trained.alphasCumprod[timesteps[step + 1] ?? -1] ?? 1;
        const { alpha, sigma } = mixture(from);
        const [left, leftBefore] = [f32(1 - from), f32(1 - to)];
        const alphaRatio = f32(from / to);
        const beta = f32(1 - alphaRatio);
        const cleanWeight = f32(f32(f32(Math.sqrt(to)) * beta) / left);
        const sampleWeight = f32(f32(f32(Math.sqrt(alphaRatio)) * leftBefore) / left);
        const denoise = denoiseBetween(config.prediction_type, alpha, sigma);
        const mean = sample.map(
          (value, i) => f32(cleanWeight * clip(denoise(value, prediction[i]!))) + f32(sampleWeight * value),
        );
        if (timesteps[step] === 0) return mean;
        const small = Math.max(f32(f32(leftBefore / left) * beta), 1e-20);
        const deviation = f32(Math.sqrt(config.variance_type === 'fixed_large' ? beta : small));
        const fresh = noise.normal(sample.length);
        return mean.map((value, i) => value + f32(deviation * fresh[i]!));
      },
    }),
  };
};
