/** Where normal numbers come from: a run that knows its source is repeatable. */

export interface NoiseSource {
  /** The next `count` independent numbers of N(0, 1), f32. Every call moves the source on. */
  normal(count: number): Float32Array;
}
