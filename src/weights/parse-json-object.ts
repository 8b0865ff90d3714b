/** Parses JSON from outside into an object, within limits and without the parser's silences. Pure. */
import { cutText } from '../json/json-text.js';
import { messageOf, type RefineError } from '../errors.js';
import { scanJson } from './json-structure.js';

export interface JsonLimits {
  /** What walks the value later must not run out of stack. */
  maxDepth: number;
  /** Bounds what the parser allocates: 100 MB of `[],[],…` would be gigabytes of arrays. */
  maxTokens: number;
}

/** A value of the file for a message: short and on one line. */
export const show = (value: unknown): string => {
  const text = (JSON.stringify(value) as string | undefined) ?? 'missing';
  return text.length > MAX_SHOWN ? `${cutText(text, MAX_SHOWN)}…` : text;
};
const MAX_SHOWN = 120;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Parses one JSON object in UTF-8. The same key twice, in it or in the objects directly inside, is an error:
 * `JSON.parse` would keep the last and say nothing, and another reader might keep the first.
 * @param invalid makes the error to throw, from what is wrong ("is not JSON …")
 */
export const parseJsonObject = (
  bytes: Uint8Array,
  { maxDepth, maxTokens }: JsonLimits,
  invalid: (what: string) => RefineError,
): Record<string, unknown> => {
  const { tokens, depth, keys } = scanJson(bytes);
  if (depth > maxDepth) throw invalid(`nests ${depth} levels deep, more than ${maxDepth}`);
  if (tokens > maxTokens) throw invalid(`has ${tokens} JSON tokens, more than ${maxTokens}`);
  const value = parse(bytes, invalid);
  if (!isObject(value)) throw invalid('is not a JSON object');
  if (countKeys(value) !== keys) throw invalid('has the same key twice');
  return value;
};

const parse = (bytes: Uint8Array, invalid: (what: string) => RefineError): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(`is not JSON in UTF-8: ${show(messageOf(cause))}`);
  }
};

/** What `scanJson` counts as `keys`, of what the parser kept. */
const countKeys = (value: Record<string, unknown>): number => {
  const inner = Object.values(value).filter(isObject);
  return inner.reduce((count, object) => count + Object.keys(object).length, Object.keys(value).length);
};
