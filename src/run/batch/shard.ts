/** Shards of a run, for several machines. */
import { createHash } from 'node:crypto';
import { RefineError } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';
import type { Shard } from '../results/results-path.js';
import { findScheduledShard } from './scheduler-shard.js';

/**
 * @param env asked only for `auto` and `auto/<n>`
 * @returns `source` only for these
 * @throws USAGE_OPTION_INVALID SHARD_UNDETERMINED
 */
export const parseShard = (
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Shard & { source?: string } => {
  const [, first = '', last = ''] = /^(auto|\d{1,6})(?:\/(\d{1,6}))?$/.exec(text) ?? [];
  const [index, count] = [Number(first), Number(last)];
  if (first === 'auto' && (last === '' || count >= 1)) return findScheduledShard(env, last === '' ? null : count);
  if (index >= 1 && index <= count) return { index, count };
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --shard to be one part of several, such as 1/4, or auto or auto/4 in a scheduler's task, got "${text}".`,
  );
};

/**
 * The shard of a row, from its picture as the row writes it: adding rows does not move others.
 * @returns 0 to `count` - 1: the first 8 bytes of SHA-256 over the text, modulo `count`
 */
export const shardOf = (sourceText: string, count: number): number =>
  Number(createHash('sha256').update(sourceText).digest().readBigUInt64BE(0) % BigInt(count));

/** For a row of `generate`: the prompt and the index of the picture, since the seed may be random. */
const shardText = ({ sourceText, settings, generation }: Row | InvalidRow): string =>
  generation === undefined ? (sourceText ?? '') : `${generation.copy} ${settings.prompt ?? ''}`;

/** 1 to `count`. Rows without a text all belong to the same shard. */
export const shardOfRow = (row: Row | InvalidRow, count: number): number => shardOf(shardText(row), count) + 1;

/** The rows of one shard. Each error is in one shard, so that it is reported once. */
export async function* shardRows(
  rows: AsyncIterable<Row | InvalidRow>,
  { index, count }: Shard,
): AsyncGenerator<Row | InvalidRow> {
  for await (const row of rows) if (shardOfRow(row, count) === index) yield row;
}
