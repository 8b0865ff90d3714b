/** Seeds of rows: their own, the option's, random and incremented ones. */
import { createHash } from 'node:crypto';
import { RANDOM_SEED } from '../../../records/setting-kinds.js';

export const SEED_MODES = ['fixed', 'increment', 'random'] as const;
export type SeedMode = (typeof SEED_MODES)[number];

/** Values that seeds depend on besides the row: equal for each reading of the rows, each shard, and a resumed run. */
export interface SeedContext {
  /** Seed of the rows that have none. */
  runSeed: number;
  /** How the seed changes from row to row. Default: fixed; random if the option is -1. */
  seedMode?: SeedMode;
  /** Pictures before the row in all inputs of the run. Default: 0. */
  picturesBefore?: number;
}

/** Random seeds are below this, so that they are short. */
export const DRAWN_SEEDS = 2 ** 32;

/** Adds to a seed; after the largest comes 0. */
export const nextSeed = (seed: number, by: number): number => {
  const room = Number.MAX_SAFE_INTEGER - seed;
  return by <= room ? seed + by : by - room - 1;
};

/** A pseudo-random seed from run, row position and key, so that each reading gives the same. */
const draw = (key: string, from: number, { picturesBefore = 0 }: SeedContext): number =>
  createHash('sha256').update(`${key} ${from} ${picturesBefore}`).digest().readUInt32BE(0);

/** A key's value, or a random seed for -1. */
export const drawnSeed = (key: string, value: number, context: SeedContext): number =>
  value === RANDOM_SEED ? draw(key, context.runSeed, context) : value;

/**
 * The row's seed. A seed from the row or its picture stays unchanged in any mode. The option's seed, or else the run's, is the
 * same for all rows, is incremented over them, or gives a random seed for each.
 */
export const rowSeed = (
  given: { row: number | undefined; option: number | undefined; picture: number | undefined },
  context: SeedContext,
): number => {
  const ownSeed = given.row ?? (given.option === undefined ? given.picture : undefined);
  if (ownSeed !== undefined) return drawnSeed('seed', ownSeed, context);
  const { option = context.runSeed } = given;
  const { seedMode = option === RANDOM_SEED ? 'random' : 'fixed' } = context;
  const first = option === RANDOM_SEED ? context.runSeed : option;
  if (seedMode === 'increment') return nextSeed(first, context.picturesBefore ?? 0);
  return seedMode === 'random' ? draw('seed', first, context) : first;
};
