/**
 * A Brownian motion with the same path for every query: torchsde 0.2.6's `BrownianTree`, the noise of DPM++ SDE in k-diffusion,
 * A1111, ComfyUI and diffusers. The interval is halved down to a grid of 1e-6. The increment of each half is drawn by a Brownian
 * bridge from a separate generator, seeded by the half's position in the tree.
 * Source: torchsde/_brownian/brownian_interval.py and derived.py.
 */
import type { NoiseSource } from './noise-source.js';
import { spawnSeeds } from './seed-sequence.js';

const f32 = Math.fround;
/** torchsde's grid in decimal places, and its entropy pool in words. */
const PLACES = 6;
const POOL = 24;

const onGrid = (time: number): number => Number(time.toFixed(PLACES));

/** A part of the interval and the increment over it. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** Position in its level of the tree, and the level. */
  readonly place: number;
  readonly depth: number;
  readonly increment: Float32Array;
}

/**
 * The motion from `start` to `end`.
 * @param ofSeed makes the generators of the parts
 * @returns the increment between two times, earlier first: `count` numbers of variance later - earlier, f32
 */
export const brownianTree = (
  start: number,
  end: number,
  seed: number,
  ofSeed: (seed: number) => NoiseSource,
): ((from: number, to: number, count: number) => Float32Array) => {
  /** Draws of the last query: the next query is adjacent and needs most of them. */
  let known = new Map<string, Float32Array>();
  return (from, to, count) => {
    const passed = new Map<string, Float32Array>();
    const draw = (name: string, seedOfPart: () => number): Float32Array => {
      const numbers = known.get(name) ?? ofSeed(seedOfPart()).normal(count);
      passed.set(name, numbers);
      return numbers;
    };
    const scale = f32(Math.sqrt(end - start));
    const whole = draw('', () => spawnSeeds(seed, [], POOL, 1)[0]!);

    const increments = (part: Part, low: number, high: number): Float32Array[] => {
      if (low === high) return [];
      if (low === part.start && high === part.end) return [part.increment];
      const middle = onGrid(0.5 * (part.end + part.start));
      const [left, right] = [middle - part.start, part.end - middle];
      const share = 1 / (part.end - part.start);
      const deviation = f32(Math.sqrt(left * right * share));
      const normal = draw(`${part.depth}/${part.place}`, () => spawnSeeds(seed, [part.place, part.depth], POOL, 1)[0]!);
      const leftIncrement = part.increment.map(
        (value, i) => f32(f32(f32(left) * value) * f32(share)) + f32(deviation * normal[i]!),
      );
      const depth = part.depth + 1;
      const before = { start: part.start, end: middle, place: 2 * part.place, depth, increment: leftIncrement };
      const after = {
        start: middle,
        end: part.end,
        place: 2 * part.place + 1,
        depth,
        increment: part.increment.map((value, i) => value - leftIncrement[i]!),
      };
      return [
        ...increments(before, Math.min(low, middle), Math.min(high, middle)),
        ...increments(after, Math.max(low, middle), Math.max(high, middle)),
      ];
    };
    const root = { start: onGrid(start), end: onGrid(end), place: 0, depth: 0, increment: whole.map((n) => n * scale) };
    const clamp = (time: number): number => onGrid(Math.min(Math.max(time, root.start), root.end));
    const parts = increments(root, clamp(from), clamp(to));
    known = passed;
    return parts.reduce((sum, part) => sum.map((value, i) => value + part[i]!), new Float32Array(count));
  };
};
