/**
 * Schedules of latents image + sigma · noise (Karras et al. 2022, arXiv:2206.00364). Shared by Euler and its relatives in diffusers.
 */
import type { SIGMA_FIELDS } from '../noise/sigmas.js';
import type { ConfigOf } from '../config-fields.js';
import type { TrainedNoise } from '../noise/noise-schedule.js';
import { interp } from '../noise/numpy-ranges.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { sigmaSpacing, spaceSigmas, timestepOf } from '../noise/sigmas.js';
import { spaceTimesteps, type TimestepConfig } from '../noise/timesteps.js';

const f32 = Math.fround;

/** Noise levels of a run without the final one, and their timesteps; float64. */
export interface Levels {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

/** Timesteps by timestep spacing, with their training sigmas. */
export const levelsAtTimesteps = (config: TimestepConfig, { sigmas }: TrainedNoise, steps: number): Levels => {
  const timesteps = spaceTimesteps(config, steps);
  return { timesteps, sigmas: timesteps.map((timestep) => interp(sigmas, f32(timestep))) };
};

/** Sigmas by the configured sigma spacing, between the highest and lowest of `levels`; without one, `levels`. */
export const respace = (
  config: ConfigOf<typeof SIGMA_FIELDS> & { readonly sigma_min?: number | null; readonly sigma_max?: number | null },
  levels: Levels,
  trained: TrainedNoise,
  steps: number,
): Levels => {
  const spacing = sigmaSpacing(config);
  if (spacing === null) return levels;
  const max = config.sigma_max ?? levels.sigmas[0]!;
  const min = config.sigma_min ?? levels.sigmas.at(-1)!;
  const sigmas = spaceSigmas(spacing, max, min, steps);
  const logSigmas = trained.sigmas.map(Math.log);
  return { sigmas, timesteps: sigmas.map((sigma) => timestepOf(sigma, logSigmas)) };
};

/** Second-order methods visit each level but the first twice: at the end of one step and at the start of the next. */
export const twice = (values: readonly number[]): number[] =>
  values.flatMap((value, i) => (i === 0 ? [value] : [value, value]));

type SigmaSpace = Pick<UnnamedSchedule, 'initNoiseSigma' | 'scaleModelInput' | 'addNoise'>;

/** Latents have variance 1 + sigma²; the UNet's input has variance 1. */
export const sigmaSpace = (sigmas: Float32Array, spacing: TimestepConfig['timestep_spacing']): SigmaSpace => {
  const norm = (sigma: number): number => f32(Math.sqrt(f32(f32(sigma * sigma) + 1)));
  const max = sigmas.reduce((a, b) => Math.max(a, b));
  return {
    initNoiseSigma: spacing === 'leading' ? norm(max) : max,
    scaleModelInput: (sample, step) => {
      const divisor = norm(sigmas[step]!);
      return sample.map((value) => value / divisor);
    },
    addNoise: (latents, noise, step) => {
      const sigma = sigmas[step]!;
      return latents.map((value, i) => value + f32(noise[i]! * sigma));
    },
  };
};

/** Splits a step between two sigmas into a larger step down and added noise, in float32. */
export const ancestralStep = (from: number, to: number): { up: number; down: number } => {
  const [from2, to2] = [f32(from * from), f32(to * to)];
  const up = f32(Math.sqrt(f32(f32(to2 * f32(from2 - to2)) / from2)));
  return { up, down: f32(Math.sqrt(f32(to2 - f32(up * up)))) };
};
