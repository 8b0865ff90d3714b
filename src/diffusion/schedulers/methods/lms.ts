/**
 * Linear multistep: the slope as a polynomial in sigma through up to four past slopes, integrated (k-diffusion's
 * `sample_lms`); configuration of diffusers 0.42, schedulers/scheduling_lms_discrete.py.
 */
import { combine, type Term } from './combine.js';
import { type ConfigOf } from '../config-fields.js';
import { NOISE_FIELDS, trainedNoise } from '../noise/noise-schedule.js';
import { denoiseAt, PREDICTION_FIELDS } from './prediction.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { levelsAtTimesteps, respace, sigmaSpace } from './sigma-space.js';
import { SIGMA_FIELDS } from '../noise/sigmas.js';
import { TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;
const ORDER = 4;

export const LMS_FIELDS = { ...NOISE_FIELDS, ...PREDICTION_FIELDS, ...TIMESTEP_FIELDS, ...SIGMA_FIELDS };

export const buildLms = (config: ConfigOf<typeof LMS_FIELDS>, steps: number): UnnamedSchedule => {
  const trained = trainedNoise(config);
  const levels = respace(config, levelsAtTimesteps(config, trained, steps), trained, steps);
  const sigmas = Float32Array.of(...levels.sigmas, 0);
  return {
    timesteps: Float32Array.from(levels.timesteps),
    sigmas,
    trainTimesteps: config.num_train_timesteps,
    order: 1,
    ...sigmaSpace(sigmas, config.timestep_spacing),
    sampler: () => {
      /** Slopes, latest first. */
      let past: readonly Float32Array[] = [];
      return {
        step: (prediction, step, sample) => {
          const sigma = sigmas[step]!;
          const denoise = denoiseAt(config.prediction_type, sigma);
          past = [sample.map((value, i) => f32(value - denoise(value, prediction[i]!)) / sigma), ...past].slice(
            0,
            ORDER,
          );
          // As in diffusers, a run that begins inside the schedule also fits its polynomial to the levels before it.
          const at = Array.from({ length: Math.min(step + 1, ORDER) }, (_, i) => sigmas[step - i]!);
          const terms = past.map((slope, i): Term => [lagrangeIntegral(at, i, sigma, sigmas[step + 1]!), slope]);
          return combine([1, sample], ...terms);
        },
      };
    },
  };
};

/** Integral from a to b of the polynomial that is 1 at `at[i]` and 0 at the others; Simpson's rule is exact up to cubics. */
const lagrangeIntegral = (at: readonly number[], i: number, a: number, b: number): number => {
  const value = (x: number): number =>
    at.reduce((product, zero, k) => (k === i ? product : (product * (x - zero)) / (at[i]! - zero)), 1);
  return ((b - a) / 6) * (value(a) + 4 * value((a + b) / 2) + value(b));
};
