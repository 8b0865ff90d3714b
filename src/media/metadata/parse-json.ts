/** Parses JSON of a picture, as Python writes it, within limits. Pure. */
import { messageOf } from '../../errors.js';
import { isObject, parseJson } from '../../io/json/parse-json.js';
import { MAX_JSON_DEPTH, MAX_JSON_TOKENS } from './limits.js';
import type { Warn } from './warnings.js';

export { isObject };

export type JsonObject = Readonly<Record<string, unknown>>;

/** An object's own value: untrusted keys may be `constructor` or `__proto__`. */
export const valueOf = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const LIMITS = { maxDepth: MAX_JSON_DEPTH, maxTokens: MAX_JSON_TOKENS };

/**
 * Parses a JSON object. `NaN` and `Infinity`, which Python's json writes, become null; integers that a double may not represent
 * exactly, such as 64-bit seeds, become strings of digits.
 * @param what names the text in warnings
 * @returns null, with a warning, if it is not a JSON object or exceeds a limit
 */
export const parseJsonObject = (text: string, what: string, warn: Warn): JsonObject | null => {
  try {
    const value = parseJson(text, LIMITS, (fault) => new Error(fault), asText);
    if (isObject(value)) return value;
    warn(`${what} is JSON, but not an object.`);
  } catch (thrown) {
    warn(`${what} ${messageOf(thrown)}.`);
  }
  return null;
};

/** Whether a text begins as a JSON object, or a list of them, does; a prompt may begin with a bracket too. */
export const isJsonLike = (text: string): boolean => /^\s*(?:\[\s*)?\{\s*["}]/.test(text.slice(0, 200));

/** The objects of a text that is a JSON object, or a list of nothing else; null for any other text, and beyond a limit. */
export const parseJsonObjects = (text: string): JsonObject[] | null => {
  try {
    const value = parseJson(text, LIMITS, (fault) => new Error(fault), asText);
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.length > 0 && list.every(isObject) ? list : null;
  } catch {
    return null;
  }
};

const asText = (word: string): string => (/^-?\d/.test(word) ? `"${word}"` : 'null');

/** Offset of the closing quote of the string that begins at `start`; `limit` if there is none before it. */
export const stringEnd = (text: string, start: number, limit = text.length): number => {
  for (let i = start + 1; i < limit; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x5c) i++;
    else if (char === 0x22) return i;
  }
  return limit;
};
