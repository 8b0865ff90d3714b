/**
 * Noise levels of exponential integrators (DPM-Solver++ and its relatives, Lu et al. 2022, arXiv:2211.01095), which integrate over
 * log SNR. Levels as in diffusers 0.42 (schedulers/scheduling_dpmsolver_multistep.py, `set_timesteps`).
 */
import { type ConfigOf, flag, number, only, optional, unlimited } from '../config-fields.js';
import { NOISE_FIELDS, type TrainedNoise } from '../noise/noise-schedule.js';
import { PREDICTION_FIELDS } from './prediction.js';
import { linspace, roundHalfEven, interp } from '../noise/numpy-ranges.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { type Levels, respace } from './sigma-space.js';
import { SIGMA_FIELDS, sigmaSpacing } from '../noise/sigmas.js';
import { CUSTOM_TIMESTEPS, type CUSTOM_TIMESTEP_FIELDS, spaceTimesteps, TIMESTEP_FIELDS } from '../noise/timesteps.js';

const f32 = Math.fround;

/** Keys of multistep and single-step methods. */
export const EXPONENTIAL_FIELDS = {
  ...NOISE_FIELDS,
  ...PREDICTION_FIELDS,
  ...SIGMA_FIELDS,
  thresholding: only(false),
  use_flow_sigmas: only(false),
  lambda_min_clipped: unlimited,
};

export const MULTISTEP_FIELDS = {
  ...EXPONENTIAL_FIELDS,
  ...TIMESTEP_FIELDS,
  sigma_min: optional(number(0)),
  sigma_max: optional(number(0)),
  lower_order_final: flag(true),
};
type LevelsConfig = ConfigOf<typeof EXPONENTIAL_FIELDS> &
  ConfigOf<typeof TIMESTEP_FIELDS> &
  Partial<ConfigOf<typeof CUSTOM_TIMESTEP_FIELDS>> & {
    readonly sigma_min?: number | null;
    readonly sigma_max?: number | null;
  };

/**
 * `steps` levels with integer timesteps.
 * @param toNearest rounds timesteps of a sigma spacing; otherwise they are truncated
 */
export const multistepLevels = (
  config: LevelsConfig,
  trained: TrainedNoise,
  steps: number,
  toNearest = config.use_karras_sigmas,
): Levels => {
  if (sigmaSpacing(config) === null) {
    const timesteps = spaceOneMore(config, steps);
    return { timesteps, sigmas: timesteps.map((timestep) => interp(trained.sigmas, timestep)) };
  }
  const ends = { timesteps: [], sigmas: [trained.sigmas.at(-1)!, trained.sigmas[0]!] };
  const { sigmas, timesteps } = respace(config, ends, trained, steps);
  return { sigmas, timesteps: timesteps.map(toNearest ? roundHalfEven : Math.trunc) };
};

/** Leading and linspace compute one more timestep and drop the last, which the final level replaces. */
const spaceOneMore = (config: LevelsConfig, steps: number): number[] => {
  if ((config[CUSTOM_TIMESTEPS] ?? null) !== null) return spaceTimesteps(config, steps);
  switch (config.timestep_spacing) {
    case 'linspace':
      return linspace(0, config.num_train_timesteps - 1, steps + 1)
        .map(roundHalfEven)
        .reverse()
        .slice(0, -1);
    case 'leading':
      return spaceTimesteps(config, steps + 1).slice(0, -1);
    case 'trailing':
      return spaceTimesteps(config, steps);
  }
};

/** A noise level: shares of image and noise (f32), and half the log SNR, infinite without noise. */
export interface Level {
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: number;
}

/** `sigma`: noise-to-signal ratio, f32. */
const levelOf = (sigma: number): Level => {
  const alpha = f32(1 / f32(Math.sqrt(f32(f32(sigma * sigma) + 1))));
  const scaled = f32(sigma * alpha);
  return { alpha, sigma: scaled, lambda: Math.log(alpha) - Math.log(scaled) };
};

/** A schedule without its sampler. `last`: the sigma after the last step. */
export const multistepSchedule = (
  config: { readonly num_train_timesteps: number },
  { timesteps, sigmas }: Levels,
  last: number,
): Omit<UnnamedSchedule, 'sampler'> & { levels: readonly Level[] } => {
  const all = Float32Array.of(...sigmas, last);
  const levels = Array.from(all, levelOf);
  return {
    timesteps: Float32Array.from(timesteps),
    sigmas: all,
    trainTimesteps: config.num_train_timesteps,
    order: 1,
    initNoiseSigma: 1,
    levels,
    scaleModelInput: (sample) => sample,
    addNoise: (latents, noise, step) => {
      const { alpha, sigma } = levels[step]!;
      return latents.map((value, i) => f32(alpha * value) + f32(sigma * noise[i]!));
    },
  };
};
