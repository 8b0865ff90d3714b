/**
 * Euler's method on the probability flow: Karras et al. 2022, arXiv:2206.00364, algorithm 2 without churn; configuration and
 * float32 arithmetic of diffusers 0.42, schedulers/scheduling_euler_discrete.py.
 */
import { type ConfigOf, flag, number, oneOf, optional } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise, type TrainedNoise } from '../noise/noise-schedule.js';
import { denoiseAt, PREDICTION_FIELDS } from './prediction.js';
import { linspace32 } from '../noise/numpy-ranges.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { type Levels, levelsAtTimesteps, respace, sigmaSpace } from './sigma-space.js';
import { SIGMA_FIELDS, timestepOf } from '../noise/sigmas.js';
import { CUSTOM_SIGMA_FIELDS, CUSTOM_SIGMAS, CUSTOM_TIMESTEP_FIELDS, TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

export const EULER_FIELDS = {
  ...CUSTOM_TIMESTEP_FIELDS,
  ...CUSTOM_SIGMA_FIELDS,
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  ...TIMESTEP_FIELDS,
  ...SIGMA_FIELDS,
  rescale_betas_zero_snr: flag(false),
  interpolation_type: oneOf(['linear', 'log_linear'], 'linear'),
  sigma_min: optional(number(0)),
  sigma_max: optional(number(0)),
  timestep_type: oneOf(['discrete', 'continuous'], 'discrete'),
  final_sigmas_type: oneOf(['zero', 'sigma_min'], 'zero'),
};
export type EulerConfig = ConfigOf<typeof EULER_FIELDS>;

export const buildEuler = (config: EulerConfig, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const { timesteps, sigmas: levels } = customLevels(config, trained) ?? respacedLevels(config, trained, steps);
  const last = config.final_sigmas_type === 'sigma_min' ? trained.sigmas[0]! : 0;
  const sigmas = Float32Array.from(config[CUSTOM_SIGMAS] ?? [...levels, last]);
  const isContinuous = config.timestep_type === 'continuous' && config.prediction_type === 'v_prediction';
  return {
    timesteps: isContinuous ? sigmas.subarray(0, -1).map(quarterLog) : Float32Array.from(timesteps),
    hasLogTimesteps: isContinuous,
    sigmas,
    trainTimesteps: config.num_train_timesteps,
    order: 1,
    ...sigmaSpace(sigmas, config.timestep_spacing),
    sampler: () => ({
      step: (prediction, step, sample) => {
        const sigma = sigmas[step]!;
        const dt = f32(sigmas[step + 1]! - sigma);
        const denoise = denoiseAt(config.prediction_type, sigma);
        return sample.map((value, i) => {
          const derivative = f32(f32(value - denoise(value, prediction[i]!)) / sigma);
          return value + f32(derivative * dt);
        });
      },
    }),
  };
};

/** Levels of custom sigmas; the last sigma has no step. */
const customLevels = (config: EulerConfig, trained: TrainedNoise): Levels | null => {
  const sigmas = config[CUSTOM_SIGMAS]?.slice(0, -1).map(f32) ?? null;
  const logSigmas = trained.sigmas.map(Math.log);
  return sigmas === null ? null : { sigmas, timesteps: sigmas.map((sigma) => timestepOf(sigma, logSigmas)) };
};

const respacedLevels = (config: EulerConfig, trained: TrainedNoise, steps: number): Levels =>
  respace(config, interpolate(config, trained, steps), trained, steps);

/** Log-linear spacing has one more sigma than steps: as in diffusers, the level after the lowest is never reached. */
const interpolate = (config: EulerConfig, trained: TrainedNoise, steps: number): Levels => {
  const levels = levelsAtTimesteps(config, trained, steps);
  if (config.interpolation_type === 'linear') return levels;
  const [lowest, highest] = [trained.sigmas[0]!, trained.sigmas.at(-1)!];
  const logs = linspace32(f32(Math.log(highest)), f32(Math.log(lowest)), steps + 1);
  return { ...levels, sigmas: [...logs.map(Math.exp)] };
};

/** Continuous timestep of a sigma: c_noise of Karras et al. 2022, table 1. */
const quarterLog = (sigma: number): number => 0.25 * f32(Math.log(sigma));
