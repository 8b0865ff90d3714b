/** A results file to merge, and which files of a folder are some. */
import { basename } from 'node:path';
import { type Shard, shardOfResults } from '../results-path.js';

export interface ResultFile {
  /** Absolute. */
  path: string;
  /** For messages: the path, or the URI that it was copied from. */
  shown: string;
  /** From its name, `results-1-of-4.jsonl`; null: of a whole run. */
  shard: Shard | null;
}

/** Results of a queue's chunk, in `results/` of its store. */
const CHUNK = /^\d{9}\.jsonl$/;

export const resultFileOf = (path: string, shown = path): ResultFile => ({
  path,
  shown,
  shard: shardOfResults(basename(path)),
});

/**
 * The results among the names of a folder, in the order of their numbers: its shards, else `results.jsonl`, else those of a queue's
 * chunks. Not several of these: a merge of the shards may have written `results.jsonl`.
 */
export const chooseResults = (names: readonly string[]): string[] => {
  const shards = names.filter((name) => shardOfResults(name) !== null).sort(byNumbers);
  const whole = names.filter((name) => name === 'results.jsonl');
  return [shards, whole, names.filter((name) => CHUNK.test(name)).sort()].find(({ length }) => length > 0) ?? [];
};

/** `results-2-of-10.jsonl` before `results-10-of-10.jsonl`. */
export const byNumbers = (a: string, b: string): number => COLLATOR.compare(a, b);
const COLLATOR = new Intl.Collator('en', { numeric: true });
