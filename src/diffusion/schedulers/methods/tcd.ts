/**
 * Trajectory consistency: each step goes past the next noise level towards the clean image by `eta` (the paper's gamma), and adds
 * noise up to that level. Zheng et al. 2024, arXiv:2402.19159, algorithm 4; configuration of diffusers 0.42,
 * schedulers/scheduling_tcd.py. As in its pipelines, eta defaults to 0.
 */
import { alphaSpace, mixture } from './alpha-space.js';
import { type ConfigOf, flag, number, only, wholeNumber, withDefault } from '../config-fields.js';
import { distilledTimesteps } from './lcm.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween, noiseBetween, PREDICTION_FIELDS } from './prediction.js';
import { CUSTOM_TIMESTEP_FIELDS, CUSTOM_TIMESTEPS } from '../noise/timesteps.js';
import type { UnnamedSchedule } from '../scheduler.js';

const f32 = Math.fround;

export const TCD_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  thresholding: only(false),
  beta_start: number(0.00085),
  beta_end: number(0.012),
  beta_schedule: withDefault(NOISE_FIELDS.beta_schedule, 'scaled_linear'),
  rescale_betas_zero_snr: flag(false),
  /** Steps of the distillation schedule, from which the run's steps are chosen. */
  original_inference_steps: wholeNumber(50, 1),
};

export const buildTcd = (config: ConfigOf<typeof TCD_FIELDS>, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config, 'zero');
  const timesteps = Float32Array.from(config[CUSTOM_TIMESTEPS] ?? distilledTimesteps(config, steps));
  return {
    ...alphaSpace(timesteps, trained),
    sampler: (eta = 0) => ({
      step: (prediction, step, sample, noise) => {
        const next = timesteps[step + 1] ?? 0;
        const from = mixture(trained.alphasCumprod[timesteps[step]!]!);
        const nextAlpha = trained.alphasCumprod[next]!;
        const lowAlpha = trained.alphasCumprod[Math.floor(f32((1 - eta) * next))]!;
        const low = mixture(lowAlpha);
        const denoise = denoiseBetween(config.prediction_type, from.alpha, from.sigma);
        const noiseOf = noiseBetween(config.prediction_type, from.alpha, from.sigma);
        const moved = sample.map(
          (value, i) =>
            f32(low.alpha * denoise(value, prediction[i]!)) + f32(low.sigma * noiseOf(value, prediction[i]!)),
        );
        if (eta === 0 || step === timesteps.length - 1) return moved;
        const up = mixture(f32(nextAlpha / lowAlpha));
        const fresh = noise.normal(sample.length);
        return moved.map((value, i) => f32(up.alpha * value) + f32(up.sigma * fresh[i]!));
      },
    }),
  };
};
