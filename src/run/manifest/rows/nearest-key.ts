/** Finds the key that a mistyped name was probably meant to be. */

/** Words stay apart for counting edits: "image_id" is a name of its own, though "imageid" is near "image". */
const separate = (name: string): string => name.toLowerCase().replaceAll(/[-\s]/g, '_');

/** Names that differ in case, dashes, underscores and spaces alone are one name, misspelled. */
const fold = (name: string): string => separate(name).replaceAll('_', '');

/** Neighbours of names this short are mostly words in their own right ("idx", "uid", "bit"). */
const SHORTEST_COMPARED = 4;

/** Names of more characters are no slips, and are not even read. */
const LONGEST_COMPARED = 200;

/** One slip in a short name, two in a longer one. */
const slipsAllowed = (length: number): number => (length <= 5 ? 1 : 2);

const lesser = (a: number, b: number): number => (a < b ? a : b);

/** Edit distance in which swapping two neighbours is one edit (optimal string alignment). */
const editDistance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = (last[column - 1] ?? 0) + (same ? 0 : 1);
      cost = lesser(cost, (last[column] ?? 0) + 1);
      cost = lesser(cost, (current[column - 1] ?? 0) + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = lesser(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
};

interface KnownName {
  key: string;
  words: string;
}

/** Known names, prepared once: names to compare with them may be as many as a client cares to send. */
interface KnownNames {
  /** Folded → as it is written. */
  folded: ReadonlyMap<string, string>;
  /** Those that are long enough to be compared, in their order. */
  compared: readonly KnownName[];
}

const prepared = new WeakMap<readonly string[], KnownNames>();

const prepare = (known: readonly string[]): KnownNames => {
  const folded = new Map<string, string>();
  for (const key of known) if (!folded.has(fold(key))) folded.set(fold(key), key);
  const compared = known
    .filter(({ length }) => length >= SHORTEST_COMPARED)
    .map((key) => ({ key, words: separate(key) }));
  const names = { folded, compared };
  prepared.set(known, names);
  return names;
};

/**
 * The known name that `name` is a slip of, or null. `name` itself is none of them.
 * @param known the same list each time: it is prepared once
 */
export const nearestKey = (name: string, known: readonly string[]): string | null => {
  if (name.length > LONGEST_COMPARED) return null;
  const { folded, compared } = prepared.get(known) ?? prepare(known);
  const same = folded.get(fold(name));
  if (same !== undefined) return same;
  const words = separate(name);
  let best: { key: string; distance: number } | null = null;
  for (const candidate of compared) {
    const allowed = slipsAllowed(Math.min(words.length, candidate.words.length));
    if (Math.abs(candidate.words.length - words.length) > allowed) continue;
    const distance = editDistance(words, candidate.words);
    if (distance <= allowed && (best === null || distance < best.distance)) best = { key: candidate.key, distance };
  }
  return best?.key ?? null;
};
