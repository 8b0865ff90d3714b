/** Names of results: `results.jsonl` of a whole run, `results-1-of-4.jsonl` of a shard. */
import { join } from 'node:path';

export interface Shard {
  /** 1 to `count`. */
  index: number;
  count: number;
}

/** What a shard's files have in their names, `-1-of-4`; '' for a whole run, null. */
export const partOf = (shard: Shard | null): string => (shard === null ? '' : `-${shard.index}-of-${shard.count}`);

/** @param name of a file @returns null if it is not that of a shard's results */
export const shardOfResults = (name: string): Shard | null => {
  const [, index, count] = /^results-(\d{1,6})-of-(\d{1,6})\.jsonl$/.exec(name) ?? [];
  return index === undefined ? null : { index: Number(index), count: Number(count) };
};

/** @param place `part`: as `partOf` gives it */
export const resultsPathOf = ({ outputFolder, part }: { outputFolder: string; part: string }): string =>
  join(outputFolder, `results${part}.jsonl`);
