/** Natural order: 2 before 10. Compares code units, so that all machines and locales agree. */

/** Sorts before all characters of a name, so that a folder's pictures stay together. */
const FOLDER_END = '\0';
/** Sorts before all usual characters of a name, so that cat.png comes before cat-2.png. */
const NAME_END = '\x01';

/** Digits as text that sorts by value: their count as a code unit, then the digits. Names are far shorter than 65 536. */
const sortableNumber = (digits: string): string => {
  const value = digits.replace(/^0+(?=\d)/, '');
  return `0${String.fromCharCode(value.length)}${value}`;
};

/**
 * Sort key of a path, compared by code units: folder by folder, ASCII digits by value, other characters ignoring case, a name
 * before longer names that begin with it, the extension last.
 *
 * @param path `/`-separated
 */
const naturalKey = (path: string): string =>
  path
    .normalize('NFC')
    .toLowerCase()
    .replace(/\.(?=[^./]*$)/, NAME_END)
    .replaceAll('/', FOLDER_END)
    .replace(/\d+/g, sortableNumber);

const compare = (a: string, b: string): number => {
  if (a === b) return 0;
  return a < b ? -1 : 1;
};

/** Paths in natural order; those that differ only in case, Unicode normalization or leading zeros by code units. */
export const sortNaturally = (paths: readonly string[]): string[] =>
  paths
    .map((path) => [naturalKey(path), path] as const)
    .sort(([keyA, a], [keyB, b]) => compare(keyA, keyB) || compare(a, b))
    .map(([, path]) => path);
