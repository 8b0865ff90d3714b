/** Parses JSON from a picture, within limits, as Python writes it. Pure. */
import { messageOf } from '../errors.js';
import { MAX_JSON_DEPTH, MAX_JSON_TOKENS } from './limits.js';
import type { Warn } from './warnings.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object's own value: keys from outside may be `constructor` or `__proto__`. */
export const valueOf = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/**
 * Parses a JSON object. `NaN` and `Infinity`, which Python's json writes, become null; whole numbers that a double may not hold, such as
 * 64-bit seeds, become their digits as text.
 * @param what names the text in warnings
 * @returns null, with a warning, if it is none or is beyond the limits
 */
export const parseJsonObject = (text: string, what: string, warn: Warn): JsonObject | null => {
  const { tokens, depth, replaced } = scan(text);
  if (depth > MAX_JSON_DEPTH || tokens > MAX_JSON_TOKENS) {
    warn(`${what} nests ${depth} levels deep in ${tokens} tokens, more than is read.`);
    return null;
  }
  try {
    const value: unknown = JSON.parse(withReplaced(text, replaced));
    if (isObject(value)) return value;
    warn(`${what} is JSON, but no object.`);
  } catch (thrown) {
    warn(`${what} is not JSON: ${messageOf(thrown)}`);
  }
  return null;
};

interface Scan {
  tokens: number;
  depth: number;
  /** What stands outside strings and is written otherwise for the parser. */
  replaced: { start: number; end: number; by: string }[];
}

const NOT_NUMBERS = ['NaN', 'Infinity', '-Infinity'];
const NUMBER = /-?\d+(\.\d+)?(e[+-]?\d+)?/iy;
/** 2^53 has 16 digits. */
const MAX_EXACT_DIGITS = 15;
const WHOLE = /^-?\d+$/;

/** One pass that builds nothing; its numbers mean nothing if the text is not JSON. */
const scan = (text: string): Scan => {
  const found: Scan = { tokens: 0, depth: 0, replaced: [] };
  let level = 0;
  for (let i = 0; i < text.length && found.tokens <= MAX_JSON_TOKENS; i++) {
    const char = text.charAt(i);
    if (char === '"') i = stringEnd(text, i);
    else if (char === ',' || char === ':') found.tokens++;
    else if (char === '{' || char === '[') {
      found.tokens++;
      found.depth = Math.max(found.depth, ++level);
    } else if (char === '}' || char === ']') level--;
    else if (char === '-' || char === 'N' || char === 'I' || (char >= '0' && char <= '9')) {
      const word = NOT_NUMBERS.find((candidate) => text.startsWith(candidate, i)) ?? numberAt(text, i);
      if (word === '') continue;
      const by = NOT_NUMBERS.includes(word)
        ? 'null'
        : WHOLE.test(word) && word.length > MAX_EXACT_DIGITS
          ? `"${word}"`
          : null;
      if (by !== null) {
        found.tokens++;
        found.replaced.push({ start: i, end: i + word.length, by });
      }
      i += word.length - 1;
    }
  }
  return found;
};

const numberAt = (text: string, start: number): string => {
  NUMBER.lastIndex = start;
  return NUMBER.exec(text)?.[0] ?? '';
};

/** Offset of the quote that ends the string begun at `start`; the text's length if none does. */
export const stringEnd = (text: string, start: number): number => {
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x5c) i++;
    else if (char === 0x22) return i;
  }
  return text.length;
};

const withReplaced = (text: string, places: Scan['replaced']): string => {
  if (places.length === 0) return text;
  const pieces = places.map(({ start, by }, index) => text.slice(places[index - 1]?.end ?? 0, start) + by);
  return pieces.join('') + text.slice(places.at(-1)?.end);
};
