/** One shard of a run that several machines share. */
import { createHash } from 'node:crypto';
import { RefineError } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';

export interface Shard {
  /** 1 to `count`. */
  index: number;
  count: number;
}

/** @throws USAGE_OPTION_INVALID */
export const parseShard = (text: string): Shard => {
  const [, index = NaN, count = NaN] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected --shard to be one part of several, such as 1/4, got "${text}".`,
  );
};

/**
 * The part that a row belongs to, from its picture as the row writes it: adding rows moves no other row.
 * @returns 0 to `count` - 1: the first 8 bytes of SHA-256 over the text, modulo `count`
 */
export const shardOf = (sourceText: string, count: number): number =>
  Number(createHash('sha256').update(sourceText).digest().readBigUInt64BE(0) % BigInt(count));

/** Of a row from noise, its prompt and which of the prompt's pictures it is: its seed may have been drawn. */
const shardText = ({ sourceText, settings, generation }: Row | InvalidRow): string =>
  generation === undefined ? (sourceText ?? '') : `${generation.copy} ${settings.prompt ?? ''}`;

/** The rows of one part. A row that has nothing to tell it by is its first part's, so that its error is told once. */
export async function* shardRows(
  rows: AsyncIterable<Row | InvalidRow>,
  { index, count }: Shard,
): AsyncGenerator<Row | InvalidRow> {
  for await (const row of rows) if (shardOf(shardText(row), count) === index - 1) yield row;
}
