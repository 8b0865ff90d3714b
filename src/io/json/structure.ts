/** Scans JSON text before it is parsed: tokens, depth, keys, and words that `JSON.parse` does not read exactly. Pure. */
import { COMMA, QUOTE, stringEnd, type UnitAt } from './string-end.js';

export interface JsonStructure {
  /** Braces, brackets, colons and commas outside strings, and `words`: a measure of the objects that a parser builds. */
  tokens: number;
  /** Levels of nesting; an empty object has 1. */
  depth: number;
  /** Keys in the text of the outermost object and of the objects directly inside it, duplicates included. */
  keys: number;
  /**
   * Places outside strings of words that `JSON.parse` refuses or rounds: `NaN`, `Infinity` and `-Infinity`, which Python's json
   * writes, and integers with more digits than a double represents exactly. At most `MAX_PLACES`.
   */
  words: { start: number; end: number }[];
}

/** More than the numbers in a picture's or a model's JSON. */
const MAX_PLACES = 1_000_000;

const MINUS = 0x2d;
const COLON = 0x3a;
const LETTER_I = 0x49;
const LETTER_N = 0x4e;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Counts in one pass without building objects; the counts are meaningless if the text is not JSON.
 * @param json text, or its bytes in UTF-8: no byte of a longer character is an ASCII byte
 * @param enough tokens after which the scan stops
 */
export const scanJson = (json: string | Uint8Array, enough = Infinity): JsonStructure => {
  const unitAt = typeof json === 'string' ? (i: number) => json.charCodeAt(i) : (i: number) => json[i] ?? 0;
  const structure: JsonStructure = { tokens: 0, depth: 0, keys: 0, words: [] };
  let level = 0;
  for (let i = 0; i < json.length && structure.tokens <= enough; i++) {
    switch (unitAt(i)) {
      case QUOTE:
        i = stringEnd(unitAt, i, json.length);
        break;
      case COMMA:
        structure.tokens++;
        break;
      case COLON:
        structure.tokens++;
        if (level <= 2) structure.keys++;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        structure.tokens++;
        if (++level > structure.depth) structure.depth = level;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        structure.tokens++;
        level--;
        break;
      default: {
        const word = wordAt(unitAt, i, json.length);
        if (word === null) break;
        if (word.isInexact) {
          structure.tokens++;
          if (structure.words.length < MAX_PLACES) structure.words.push({ start: i, end: word.end });
        }
        i = word.end - 1;
      }
    }
  }
  return structure;
};

const NOT_NUMBERS = ['NaN', 'Infinity', '-Infinity'].map((word) => Array.from(word, (char) => char.charCodeAt(0)));
/** Characters, sign included, of an integer that a double represents exactly; 2^53 has 16 digits. */
const MAX_EXACT_LENGTH = 15;

interface Word {
  end: number;
  /** Whether it is one of `JsonStructure.words`. */
  isInexact: boolean;
}

/** The number, or the word in place of one, that begins at `start`; null if none does. */
const wordAt = (unitAt: UnitAt, start: number, length: number): Word | null => {
  const first = unitAt(start);
  if (first === LETTER_N || first === LETTER_I || first === MINUS) {
    const word = NOT_NUMBERS.find((units) => units.every((unit, i) => unitAt(start + i) === unit));
    if (word !== undefined) return { end: start + word.length, isInexact: true };
  }
  if (first !== MINUS && !isDigit(first)) return null;
  let end = start + 1;
  while (end < length && isDigit(unitAt(end))) end++;
  const digitsEnd = end;
  while (end < length && isNumberUnit(unitAt(end))) end++;
  return { end, isInexact: end === digitsEnd && end - start > MAX_EXACT_LENGTH };
};

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;
/** Digits, `.`, `e`, `E` and signs. */
const isNumberUnit = (unit: number): boolean =>
  isDigit(unit) || unit === 0x2e || unit === 0x65 || unit === 0x45 || unit === 0x2b || unit === MINUS;
