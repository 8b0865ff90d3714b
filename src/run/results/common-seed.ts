/** Recovers the seed of a run from its results if its state file is missing. */
import { readResults } from './read-results.js';

/** Results that are read at most. */
const MAX_RESULTS = 1000;

/**
 * Rows without a seed share the run's. With another seed, all of them would run again and give other pictures.
 * @returns the seed that most results have, if more than one has it or there is only one; else undefined
 */
export const commonSeed = async (resultsPath: string): Promise<number | undefined> => {
  const counts = new Map<number, number>();
  let results = 0;
  try {
    for await (const { seed } of readResults(resultsPath)) {
      if (seed !== null) counts.set(seed, (counts.get(seed) ?? 0) + 1);
      if (++results === MAX_RESULTS) break;
    }
  } catch {
    /* The error is reported when the run opens the results. */
    return undefined;
  }
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first !== undefined && (first[1] > 1 || results === 1) ? first[0] : undefined;
};
