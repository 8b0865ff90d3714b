/** Where normal numbers come from: a run that knows its source is repeatable. */

export interface NoiseSource {
  /** The next `count` independent numbers of N(0, 1), f32. Every call moves the source on. */
  readonly normal: (count: number) => Float32Array;
  /** What the samplers that draw a Brownian motion seed its tree with, 0 to 2^53-1. */
  readonly treeSeed: number;
  /** Another source, at its beginning, of the kind that such trees draw from. */
  readonly ofSeed: (seed: number) => NoiseSource;
}
