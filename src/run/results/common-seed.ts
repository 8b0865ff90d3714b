/** Recovers the seed of a run from its results if its state file is missing. */
import { readResults } from './read-results.js';

/** Lines that are read. */
const ASKED = 1000;

/**
 * Rows that bring no seed share the run's. With another one, all of them would be done again, and would be other pictures.
 * @returns the seed that most results have, more than one at least; undefined: there is none
 */
export const commonSeed = async (resultsPath: string): Promise<number | undefined> => {
  const counts = new Map<number, number>();
  let asked = 0;
  try {
    for await (const { seed } of readResults(resultsPath)) {
      if (seed !== null) counts.set(seed, (counts.get(seed) ?? 0) + 1);
      if (++asked === ASKED) break;
    }
  } catch {
    /* Opening them to go on says what is wrong with them. */
    return undefined;
  }
  const [first] = [...counts].sort(([, one], [, other]) => other - one);
  return first !== undefined && (first[1] > 1 || asked === 1) ? first[0] : undefined;
};
