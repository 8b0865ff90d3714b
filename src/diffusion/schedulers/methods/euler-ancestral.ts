/**
 * Euler's method with new noise after each step (k-diffusion's `sample_euler_ancestral`); configuration and float32
 * arithmetic of diffusers 0.42, schedulers/scheduling_euler_ancestral_discrete.py.
 */
import { type ConfigOf, flag, oneOf } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseAt } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { ancestralStep, levelsAtTimesteps, sigmaSpace } from './sigma-space.js';
import { TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const EULER_ANCESTRAL_FIELDS = {
  ...NOISE_FIELDS,
  ...TIMESTEP_FIELDS,
  prediction_type: oneOf(['epsilon', 'v_prediction'], 'epsilon'),
  rescale_betas_zero_snr: flag(false),
};

export const buildEulerAncestral = (
  config: ConfigOf<typeof EULER_ANCESTRAL_FIELDS>,
  steps: number,
): UnnamedSchedule => {
  const levels = levelsAtTimesteps(config, trainedNoise(config), steps);
  const sigmas = Float32Array.of(...levels.sigmas, 0);
  return {
    timesteps: Float32Array.from(levels.timesteps),
    sigmas,
    trainTimesteps: config.num_train_timesteps,
    order: 1,
    ...sigmaSpace(sigmas, config.timestep_spacing),
    sampler: () => ({
      step: (prediction, step, sample, noise) => {
        const sigma = sigmas[step]!;
        const { up, down } = ancestralStep(sigma, sigmas[step + 1]!);
        const dt = f32(down - sigma);
        const denoise = denoiseAt(config.prediction_type, sigma);
        const fresh = noise.normal(sample.length);
        return sample.map((value, i) => {
          const derivative = f32(f32(value - denoise(value, prediction[i]!)) / sigma);
          return f32(value + f32(derivative * dt)) + f32(fresh[i]! * up);
        });
      },
    }),
  };
};
