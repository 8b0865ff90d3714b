/** Names of a run's own objects beside its outputs in object storage. Hidden: a listing of inputs passes them over. */

const OWN = '.sdxl-refine';

/** @param part '' for a whole run, else the suffix of a shard: `-1-of-4` */
export const remoteNames = (part: string): Record<'results' | 'state' | 'lock' | 'parts', string> => ({
  results: `results${part}.jsonl`,
  state: `${OWN}/run${part}.json`,
  lock: `${OWN}/lock${part}.json`,
  /** Beginning of the names of the journal's parts. */
  parts: `${OWN}/journal${part}/`,
});

/** Parts say which results they follow, by the beginning of their SHA-256: once the results are joined, their parts follow nothing. */
const FOLLOWED_DIGITS = 16;
const NO_RESULTS = 'none';

/** @param results SHA-256 of the results that the parts follow; null: there are none */
export const partsAfter = (parts: string, results: string | null): string =>
  `${parts}${results === null ? NO_RESULTS : results.slice(0, FOLLOWED_DIGITS)}-`;

/** The digits sort as the numbers do. */
export const partName = (after: string, number: number): string => `${after}${String(number).padStart(8, '0')}.jsonl`;

/** null for an object that is no part. */
export const partNumber = (after: string, name: string): number | null => {
  const digits = /^(\d{8})\.jsonl$/.exec(name.slice(after.length))?.[1];
  return digits === undefined || !name.startsWith(after) ? null : Number(digits);
};
