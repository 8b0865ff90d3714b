/** The interface of schedulers for the denoising loop. Types only. */
import type { NoiseSource } from '../random/noise-source.js';

/**
 * The noise levels of one run and their arithmetic; immutable. A `step` is an index into the whole schedule (0 to
 * `timesteps.length` - 1), even if a run begins later.
 */
export interface Schedule {
  /** diffusers' class name, or the requested name (docs/schedulers.md). */
  readonly name: string;
  /** f32: the UNet's timesteps in order of the run, 0 to `trainTimesteps` - 1; else `hasLogTimesteps`. */
  readonly timesteps: Float32Array;
  /** Continuous: a quarter of the logarithm of sigma. */
  readonly hasLogTimesteps?: boolean;
  /** f32: the noise level before each step and after the last, so at least one more than `timesteps`. */
  readonly sigmas: Float32Array;
  /** Timesteps of the training schedule, 1000; `denoising_start` and `denoising_end` are shares of it. */
  readonly trainTimesteps: number;
  /** UNet calls for each step: `timesteps` has about `order` × steps entries. */
  readonly order: 1 | 2;
  /** Standard deviation of the initial noise of a run without an input image. */
  readonly initNoiseSigma: number;
  /** Scales latents for the UNet before `step`. */
  scaleModelInput(sample: Float32Array, step: number): Float32Array;
  /** Adds noise to clean latents up to the level of `step`. `noise`: N(0, 1), of the same length. */
  addNoise(latents: Float32Array, noise: Float32Array, step: number): Float32Array;
  /**
   * A sampler for one image, with the state of its earlier steps.
   * @param eta 0 to 1, the share of new noise in a step; DDIM and TCD only; default: 0
   */
  sampler(eta?: number): Sampler;
}

export interface Sampler {
  /**
   * Returns the latents after `step`. Call it for all steps in order.
   * @param prediction of the UNet for the scaled `sample`
   * @param noise for samplers that add noise
   */
  step(prediction: Float32Array, step: number, sample: Float32Array, noise: NoiseSource): Float32Array;
}

/** A schedule before the registry adds its name. */
export type UnnamedSchedule = Omit<Schedule, 'name'>;
