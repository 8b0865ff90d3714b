/**
 * Variance-preserving schedules: latents are alpha · image + sigma · noise, alpha² + sigma² = 1 (Song et al. 2021, arXiv:2011.13456),
 * at integer training timesteps. Shared by DDIM and its relatives.
 */
import { RefineError } from '../../../errors.js';
import { type ConfigOf, flag, number, only } from '../config-fields.js';
import type { TrainedNoise } from '../noise/noise-schedule.js';
import { roundHalfEven } from '../noise/numpy-ranges.js';
import type { UnnamedSchedule } from '../scheduler.js';
import { spaceTimesteps, type TimestepConfig } from '../noise/timesteps.js';

const f32 = Math.fround;

/** Keys for pixel-space models; the range of latents is unbounded, so the published models do not clip. */
export const CLIP_FIELDS = {
  clip_sample: flag(true),
  clip_sample_range: number(1),
  thresholding: only(false),
};

/** `CLIP_FIELDS` for classes that do not clip by default. */
export const LATENT_CLIP_FIELDS = { ...CLIP_FIELDS, clip_sample: flag(false) };

/** Clamps clean latents to the range if the configuration clips. */
export const clipped = ({
  clip_sample: clips,
  clip_sample_range: range,
}: ConfigOf<typeof CLIP_FIELDS>): ((value: number) => number) =>
  clips ? (value: number): number => Math.min(Math.max(value, -range), range) : (value: number): number => value;

/**
 * Timesteps with DDIM's rounding, without the negative one that trailing spacing has for some numbers of steps, for which
 * diffusers uses the noise at the other end.
 * @throws ROW_FIELD_INVALID for more steps than there are timesteps
 */
export const wholeTimesteps = (config: TimestepConfig, steps: number): Float32Array => {
  stepsWithin(config.num_train_timesteps, steps);
  return Float32Array.from(spaceTimesteps(config, steps), roundHalfEven).filter((timestep) => timestep >= 0);
};

/** @throws ROW_FIELD_INVALID for more steps than `most` */
export const stepsWithin = (most: number, steps: number): void => {
  if (steps <= most) return;
  const message = `Expected steps of at most ${most} for this scheduler, found ${steps}. Ask for fewer steps.`;
  throw new RefineError('ROW_FIELD_INVALID', message, { context: { field: 'steps', value: steps } });
};

export interface Mixture {
  /** Share of the image, f32. */
  readonly alpha: number;
  /** Share of the noise, f32. */
  readonly sigma: number;
}

/** Shares with the squares `alphaBar` and 1 - `alphaBar`. */
export const mixture = (alphaBar: number): Mixture => ({
  alpha: f32(Math.sqrt(alphaBar)),
  sigma: f32(Math.sqrt(f32(1 - alphaBar))),
});

/** Alpha bar below the first timestep. */
export const finalAlpha = (config: { readonly set_alpha_to_one: boolean }, { alphasCumprod }: TrainedNoise): number =>
  config.set_alpha_to_one ? 1 : alphasCumprod[0]!;

/** A schedule without its sampler. `timesteps`: integer training timesteps, noisiest first. */
export const alphaSpace = (
  timesteps: Float32Array,
  { alphasCumprod, sigmas }: TrainedNoise,
): Omit<UnnamedSchedule, 'sampler'> => ({
  timesteps,
  trainTimesteps: alphasCumprod.length,
  order: 1,
  sigmas: Float32Array.of(...timesteps.map((timestep) => sigmas[timestep] ?? 0), 0),
  initNoiseSigma: 1,
  scaleModelInput: (sample) => sample,
  addNoise: (latents, noise, step) => {
    const { alpha, sigma } = mixture(alphasCumprod[timesteps[step]!]!);
    return latents.map((value, i) => f32(alpha * value) + f32(sigma * noise[i]!));
  },
});
