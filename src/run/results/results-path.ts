/** The path of a run's results. */
import { join } from 'node:path';

/** @param place `part`: '' for a whole run, else the suffix of a shard's files: `-1-of-4` */
export const resultsPathOf = ({ outputFolder, part }: { outputFolder: string; part: string }): string =>
  join(outputFolder, `results${part}.jsonl`);
