/**
 * Latent consistency models: each step predicts a clean image and adds noise for the next. Luo et al. 2023, arXiv:2310.04378,
 * algorithm 3; configuration of diffusers 0.42, schedulers/scheduling_lcm.py.
 */
import { alphaSpace, clipped, LATENT_CLIP_FIELDS, mixture, stepsWithin } from './alpha-space.js';
import { type ConfigOf, flag, number, wholeNumber, withDefault } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseBetween, PREDICTION_FIELDS } from './prediction.js';
import { CUSTOM_TIMESTEP_FIELDS, CUSTOM_TIMESTEPS } from '../noise/timesteps.js';
import type { UnnamedSchedule } from '../scheduler.js';

const f32 = Math.fround;

export const LCM_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  ...LATENT_CLIP_FIELDS,
  beta_start: number(0.00085),
  beta_end: number(0.012),
  beta_schedule: withDefault(NOISE_FIELDS.beta_schedule, 'scaled_linear'),
  rescale_betas_zero_snr: flag(false),
  /** Steps of the distillation schedule, from which the run's steps are chosen. */
  original_inference_steps: wholeNumber(50, 1),
  timestep_scaling: number(10),
};
type LcmConfig = ConfigOf<typeof LCM_FIELDS>;

/** Standard deviation of the data in the boundary condition (appendix D of the paper). */
const SIGMA_DATA = 0.5;

export const buildLcm = (config: LcmConfig, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config, 'zero');
  const timesteps = Float32Array.from(config[CUSTOM_TIMESTEPS] ?? distilledTimesteps(config, steps));
  const clip = clipped(config);
  return {
    ...alphaSpace(timesteps, trained),
    sampler: () => ({
      step: (prediction, step, sample, noise) => {
        const timestep = timesteps[step]!;
        const { alpha, sigma } = mixture(trained.alphasCumprod[timestep]!);
        const denoise = denoiseBetween(config.prediction_type, alpha, sigma);
        const scaled = timestep * config.timestep_scaling;
        const skip = f32(SIGMA_DATA ** 2 / (scaled ** 2 + SIGMA_DATA ** 2));
        const out = f32(scaled / Math.sqrt(scaled ** 2 + SIGMA_DATA ** 2));
        const clean = sample.map((value, i) => f32(out * clip(denoise(value, prediction[i]!))) + f32(skip * value));
        if (step === timesteps.length - 1) return clean;
        const next = mixture(trained.alphasCumprod[timesteps[step + 1]!]!);
        const fresh = noise.normal(sample.length);
        return clean.map((value, i) => f32(next.alpha * value) + f32(next.sigma * fresh[i]!));
      },
    }),
  };
};

/** @throws ROW_FIELD_INVALID for more steps than the model was distilled on */
export const distilledTimesteps = (
  config: Pick<LcmConfig, 'num_train_timesteps' | 'original_inference_steps'>,
  steps: number,
): Float32Array => {
  const { num_train_timesteps: train, original_inference_steps: original } = config;
  stepsWithin(original, steps);
  const stride = Math.floor(train / original);
  // Division first, as in numpy's linspace: its rounding affects some of the floors.
  const share = original / steps;
  return Float32Array.from({ length: steps }, (_, i) => (original - Math.floor(i * share)) * stride - 1);
};
