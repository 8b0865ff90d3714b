/** What a scheduler is to the denoising loop. Types only. */
import type { NoiseSource } from '../random/noise-source.js';

/**
 * The noise levels of one run and the arithmetic that goes with them; it never changes. A `step` is always an index of the
 * whole schedule (0 to `timesteps.length` - 1), wherever a run begins.
 */
export interface Schedule {
  /** diffusers' class name, or what the scheduler was asked for as in docs/schedulers.md. */
  readonly name: string;
  /** f32, in the order they run: what the UNet is told, 0 to `trainTimesteps` - 1. */
  readonly timesteps: Float32Array;
  /** f32: the noise level before each step and after the last, so at least one more than `timesteps`. */
  readonly sigmas: Float32Array;
  /** Timesteps of the training schedule, 1000: what `denoising_start` and `denoising_end` are shares of. */
  readonly trainTimesteps: number;
  /** UNet calls for each step that was asked for: `timesteps` has about `order` × steps entries. */
  readonly order: 1 | 2;
  /** Standard deviation of the pure noise that a run from nothing begins with. */
  readonly initNoiseSigma: number;
  /** Latents as the UNet wants them before `step`. */
  scaleModelInput(sample: Float32Array, step: number): Float32Array;
  /** Clean latents, made as noisy as `step` expects. `noise`: of N(0, 1), as many numbers. */
  addNoise(latents: Float32Array, noise: Float32Array, step: number): Float32Array;
  /**
   * A sampler for one picture: what it remembers of earlier steps is its own.
   * @param eta 0 to 1, the share of fresh noise in a step: only DDIM and TCD have it, and 0 is the default
   */
  sampler(eta?: number): Sampler;
}

export interface Sampler {
  /**
   * Latents after `step`. Steps come in order, without gaps.
   * @param prediction the UNet's, for the scaled `sample`
   * @param noise only samplers that add noise draw from it
   */
  step(prediction: Float32Array, step: number, sample: Float32Array, noise: NoiseSource): Float32Array;
}

/** A schedule as its own file builds it; the registry gives it its name. */
export type UnnamedSchedule = Omit<Schedule, 'name'>;
