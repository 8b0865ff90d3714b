/** A repeatable source of normal numbers. Types only. */

export interface NoiseSource {
  /** The next `count` independent numbers of N(0, 1), f32. Every call advances the source. */
  readonly normal: (count: number) => Float32Array;
  /** Seed of the Brownian tree, for samplers that use one, 0 to 2^53-1. */
  readonly treeSeed: number;
  /** A new source of the kind that the Brownian tree uses. */
  readonly ofSeed: (seed: number) => NoiseSource;
}
