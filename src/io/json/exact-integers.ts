/** Integers that a number would round, such as ids of 64 bits, as bigints: what is read from JSON is written as it was. */
import { randomUUID } from 'node:crypto';
import type { JsonStructure } from './structure.js';

/** Characters, sign included: integers of 128 bits have up to 40. Longer ones are rounded; as bigints they would take time. */
const LONGEST = 40;

/** Prefix of a bigint that is written as a string for the time of parsing. Random, so that no string of the input begins with it. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

const isRounded = (word: string): boolean =>
  word.length <= LONGEST && /^-?[1-9]\d*$/.test(word) && String(Number(word)) !== word;

/**
 * @param text JSON
 * @param words of its structure
 * @returns its value, with bigints for integers that a number would round; null if it has none
 */
export const parseExact = (text: string, words: JsonStructure['words']): unknown => {
  const rounded = words.filter(({ start, end }) => isRounded(text.slice(start, end)));
  if (rounded.length === 0) return null;
  const marked = replaceWords(text, rounded, (word) => `"${MARK}${word}"`);
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
};

export const replaceWords = (text: string, words: JsonStructure['words'], by: (word: string) => string): string => {
  const pieces = words.map(
    ({ start, end }, index) => text.slice(words[index - 1]?.end ?? 0, start) + by(text.slice(start, end)),
  );
  return pieces.join('') + text.slice(words.at(-1)?.end);
};

/** As `JSON.stringify`, which throws at a bigint: here it becomes an integer. Only values with bigints take longer. */
export const stringify = (value: unknown): string | undefined => {
  try {
    /* Despite its type, it may return undefined. */
    return JSON.stringify(value);
  } catch {
    const mark = (_key: string, inner: unknown): unknown => (typeof inner === 'bigint' ? `${MARK}${inner}` : inner);
    return (JSON.stringify(value, mark) as string | undefined)?.replace(MARKED, '$1');
  }
};
