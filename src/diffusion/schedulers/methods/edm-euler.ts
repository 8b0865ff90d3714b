/**
 * Euler's method for models with EDM's preconditioning (Playground 2.5, not SDXL): Karras et al. 2022, arXiv:2206.00364, algorithm 2
 * and table 1; configuration of diffusers 0.42, schedulers/scheduling_edm_euler.py.
 */
import { type ConfigOf, number, oneOf, wholeNumber } from '../config-fields.js';
import { linspace, linspace32 } from '../noise/numpy-ranges.js';
import type { UnnamedSchedule } from '../scheduler.js';

const f32 = Math.fround;

export const EDM_EULER_FIELDS = {
  sigma_min: number(0.002),
  sigma_max: number(80),
  /** Standard deviation of the data. */
  sigma_data: number(0.5),
  sigma_schedule: oneOf(['karras', 'exponential'], 'karras'),
  num_train_timesteps: wholeNumber(1000, 2, 100_000),
  prediction_type: oneOf(['epsilon', 'v_prediction'], 'epsilon'),
  rho: number(7),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
};
type EdmConfig = ConfigOf<typeof EDM_EULER_FIELDS>;

export const buildEdmEuler = (config: EdmConfig, steps: number): UnnamedSchedule => {
  const { sigma_data: data, sigma_max: max } = config;
  const levels = Float32Array.from(sigmasOf(config, steps));
  const sigmas = Float32Array.of(...levels, config.final_sigmas_type === 'zero' ? 0 : levels.at(-1)!);
  return {
    timesteps: levels.map((sigma) => 0.25 * f32(Math.log(sigma))),
    hasLogTimesteps: true,
    sigmas,
    trainTimesteps: config.num_train_timesteps,
    order: 1,
    initNoiseSigma: Math.sqrt(max ** 2 + 1),
    scaleModelInput: (sample, step) => {
      const factor = f32(1 / Math.sqrt(sigmas[step]! ** 2 + data ** 2));
      return sample.map((value) => value * factor);
    },
    addNoise: (latents, noise, step) => latents.map((value, i) => value + f32(noise[i]! * sigmas[step]!)),
    sampler: () => ({
      step: (prediction, step, sample) => {
        const sigma = sigmas[step]!;
        const variance = sigma ** 2 + data ** 2;
        const skip = f32(data ** 2 / variance);
        const out = f32(((config.prediction_type === 'epsilon' ? sigma : -sigma) * data) / Math.sqrt(variance));
        const dt = f32(sigmas[step + 1]! - sigma);
        return sample.map((value, i) => {
          const clean = f32(f32(skip * value) + f32(out * prediction[i]!));
          return value + f32(f32(f32(value - clean) / sigma) * dt);
        });
      },
    }),
  };
};

const sigmasOf = (
  { sigma_schedule: rule, sigma_min: min, sigma_max: max, rho }: EdmConfig,
  steps: number,
): number[] => {
  if (rule === 'exponential') return [...linspace32(Math.log(min), Math.log(max), steps).map(Math.exp)].reverse();
  const [first, last] = [max ** (1 / rho), min ** (1 / rho)];
  return linspace(0, 1, steps).map((ramp) => (first + ramp * (last - first)) ** rho);
};
