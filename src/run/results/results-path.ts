/** The path of a run's results. */
import { join } from 'node:path';

/** @param place `part`: '' of a whole run; else what the names of a part's own files end with: `-1-of-4` */
export const resultsPathOf = ({ outputFolder, part }: { outputFolder: string; part: string }): string =>
  join(outputFolder, `results${part}.jsonl`);
