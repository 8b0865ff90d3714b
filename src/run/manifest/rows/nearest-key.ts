/** Finds the key that a mistyped name was probably meant to be. */

/** Longer names are not typing errors, and are not compared. */
const LONGEST_COMPARED = 200;

/** Keeps words separate for counting edits: "image_id" is another name, although "imageid" is near "image". */
const separate = (name: string): string => name.toLowerCase().replaceAll(/[-\s]/g, '_');

/** Names that differ only in case, dashes, underscores and spaces become equal. */
export const foldKey = (name: string): string => separate(name.slice(0, LONGEST_COMPARED + 1)).replaceAll('_', '');

/** Names near shorter keys are mostly different words ("idx", "uid", "bit"). */
const SHORTEST_COMPARED = 4;

/** Edits allowed: one in a short name, two in a longer one. */
const maxEdits = (length: number): number => (length <= 5 ? 1 : 2);

const lesser = (a: number, b: number): number => (a < b ? a : b);

/** Edit distance in which swapping two adjacent characters is one edit (optimal string alignment). */
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

/** Known names, prepared once, since a client may send any number of names to compare. */
interface KnownNames {
  /** Folded name → original. */
  folded: ReadonlyMap<string, string>;
  /** Names long enough to be compared, in order. */
  compared: readonly KnownName[];
}

const prepared = new WeakMap<readonly string[], KnownNames>();

const prepare = (known: readonly string[]): KnownNames => {
  const folded = new Map<string, string>();
  for (const key of known) if (!folded.has(foldKey(key))) folded.set(foldKey(key), key);
  const compared = known
    .filter(({ length }) => length >= SHORTEST_COMPARED)
    .map((key) => ({ key, words: separate(key) }));
  const names = { folded, compared };
  prepared.set(known, names);
  return names;
};

/**
 * The known name that `name` probably means, or null. `name` itself must not be known.
 * @param known always the same list, which is prepared once
 */
export const nearestKey = (name: string, known: readonly string[]): string | null => {
  if (name.length > LONGEST_COMPARED) return null;
  const { folded, compared } = prepared.get(known) ?? prepare(known);
  const same = folded.get(foldKey(name));
  if (same !== undefined) return same;
  const words = separate(name);
  let best: { key: string; distance: number } | null = null;
  for (const candidate of compared) {
    const allowed = maxEdits(Math.min(words.length, candidate.words.length));
    if (Math.abs(candidate.words.length - words.length) > allowed) continue;
    const distance = editDistance(words, candidate.words);
    if (distance <= allowed && (best === null || distance < best.distance)) best = { key: candidate.key, distance };
  }
  return best?.key ?? null;
};
