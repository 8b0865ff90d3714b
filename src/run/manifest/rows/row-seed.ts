/** Seeds of rows: their own, the option's, drawn ones, and ones that count up. */
import { createHash } from 'node:crypto';
import { RANDOM_SEED } from '../../../records/setting-kinds.js';

export const SEED_MODES = ['fixed', 'increment', 'random'] as const;
export type SeedMode = (typeof SEED_MODES)[number];

/** What seeds depend on besides the row: the same for every reading of the rows, for every part of a run and for a run that goes on. */
export interface SeedContext {
  /** Seed of the rows that have none. */
  runSeed: number;
  /** What becomes of it from row to row. Default: fixed; random where the option is -1. */
  seedMode?: SeedMode;
  /** Pictures in front of the row in all inputs of the run. Default: 0. */
  picturesBefore?: number;
}

/** Seeds that are drawn are easy to write down. */
export const DRAWN_SEEDS = 2 ** 32;

/** Seeds count up, and after the largest from 0 again. */
export const nextSeed = (seed: number, by: number): number => {
  const room = Number.MAX_SAFE_INTEGER - seed;
  return by <= room ? seed + by : by - room - 1;
};

/** A seed as if drawn: of the run, of the row's place in it and of the key, so that every reading draws alike. */
const draw = (key: string, from: number, { picturesBefore = 0 }: SeedContext): number =>
  createHash('sha256').update(`${key} ${from} ${picturesBefore}`).digest().readUInt32BE(0);

/** A key's own value; -1 stands for a drawn one. */
export const drawnSeed = (key: string, value: number, context: SeedContext): number =>
  value === RANDOM_SEED ? draw(key, context.runSeed, context) : value;

/**
 * The row's seed. What the row or its picture gives stays as it is, whatever the mode; the option's, or the run's where there is none, is
 * the same for all rows, counts up over them, or begins a draw for each.
 */
export const rowSeed = (
  given: { row: number | undefined; option: number | undefined; picture: number | undefined },
  context: SeedContext,
): number => {
  const own = given.row ?? (given.option === undefined ? given.picture : undefined);
  if (own !== undefined) return drawnSeed('seed', own, context);
  const { option = context.runSeed } = given;
  const { seedMode = option === RANDOM_SEED ? 'random' : 'fixed' } = context;
  const first = option === RANDOM_SEED ? context.runSeed : option;
  if (seedMode === 'increment') return nextSeed(first, context.picturesBefore ?? 0);
  return seedMode === 'random' ? draw('seed', first, context) : first;
};
