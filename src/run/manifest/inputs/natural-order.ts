/** The order in which people count: 2 before 10. Built on code units, so that every machine and locale agrees. */

/** Sorts before all that a name can hold, so that a folder's pictures stay together. */
const FOLDER_END = '\0';
/** Sorts before all that a name is likely to hold, so that cat.png stands before cat-2.png. */
const NAME_END = '\x01';

/** A run of digits as text that sorts by its value: how many digits, then the digits. A name is far shorter than 65 536. */
const sortableNumber = (digits: string): string => {
  const value = digits.replace(/^0+(?=\d)/, '');
  return `0${String.fromCharCode(value.length)}${value}`;
};

/**
 * Text that sorts, by code units, as the path does naturally: folder by folder, runs of ASCII digits by their value, other
 * characters without their case, a name before the longer names that begin with it, the extension last.
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

/** The paths in natural order; those that differ only in case, composition or leading zeros by code units. */
export const sortNaturally = (paths: readonly string[]): string[] =>
  paths
    .map((path) => [naturalKey(path), path] as const)
    .sort(([keyA, a], [keyB, b]) => compare(keyA, keyB) || compare(a, b))
    .map(([, path]) => path);
