/** Parses JSON from outside. Limits are checked before objects are built, and duplicate keys are errors. Pure. */
import { duplicateKey } from './duplicate-key.js';
import { parseExact, replaceWords } from './exact-integers.js';
import { jsonFault } from './fault.js';
import { scanJson, type JsonStructure } from './structure.js';

export interface JsonLimits {
  /** Levels of nesting, so that recursion over the value does not overflow the stack. */
  maxDepth: number;
  /** Braces, brackets, colons and commas. They bound what the parser allocates: 60 MB of `[],[],…` would be 1.5 GB of arrays. */
  maxTokens: number;
  /** Keys of the outermost object and of those directly inside it. Default: `maxTokens`. */
  maxKeys?: number;
}

/** JSON that replaces one of `JsonStructure.words`; the word itself to keep it. */
export type Reword = (word: string) => string;

/** Makes the error to throw from a fault ("is not JSON …") and the parser's error. */
export type Invalid = (what: string, cause?: unknown) => Error;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * @param json text, or UTF-8
 * @param reword default: `NaN` and infinities are faults, and long numbers are rounded
 */
export const parseJson = (json: string | Uint8Array, limits: JsonLimits, invalid: Invalid, reword?: Reword): unknown =>
  parse(json, limits, invalid, reword).value;

/**
 * As `parseJson`, for an object. A duplicate key, in it or in the objects directly inside, is an error: `JSON.parse` would
 * silently keep the last, and another reader might keep the first.
 */
export const parseJsonObject = (
  json: string | Uint8Array,
  limits: JsonLimits,
  invalid: Invalid,
  reword?: Reword,
): Record<string, unknown> => {
  const parsed = parse(json, limits, invalid, reword);
  return expectObject(parsed, invalid);
};

/**
 * As `parseJsonObject`.
 * @returns also `exact`: the object with bigints for integers that a number would round (`stringify` writes them as they were);
 *   `value` itself if there are none
 */
export const parseExactObject = (
  json: string | Uint8Array,
  limits: JsonLimits,
  invalid: Invalid,
): { value: Record<string, unknown>; exact: Record<string, unknown> } => {
  const parsed = parse(json, limits, invalid);
  const value = expectObject(parsed, invalid);
  const words = parsed.wordsOf();
  const exact = words.length === 0 ? null : (parseExact(parsed.text, words) as Record<string, unknown> | null);
  return { value, exact: exact ?? value };
};

interface Parsed {
  value: unknown;
  keys: number;
  text: string;
  /** `JsonStructure.words` of the text. */
  wordsOf: () => JsonStructure['words'];
}

const expectObject = ({ value, keys, text }: Parsed, invalid: Invalid): Record<string, unknown> => {
  if (!isObject(value)) throw invalid('is not a JSON object');
  if (countKeys(value) !== keys) throw invalid(`has the key ${duplicateKey(text)} twice`);
  return value;
};

const parse = (json: string | Uint8Array, limits: JsonLimits, invalid: Invalid, reword?: Reword): Parsed => {
  const structure = scanJson(json, limits.maxTokens);
  checkLimits(structure, limits, invalid);
  const text = typeof json === 'string' ? json : decode(json, invalid);
  /* Offsets in bytes do not apply to text. */
  const wordsOf = (): JsonStructure['words'] =>
    structure.words.length > 0 && typeof json !== 'string' ? scanJson(text).words : structure.words;
  const isReplaced = reword !== undefined && structure.words.length > 0;
  try {
    const value = JSON.parse(isReplaced ? replaceWords(text, wordsOf(), reword) : text) as unknown;
    return { value, keys: structure.keys, text, wordsOf };
  } catch (cause) {
    throw invalid(`is not ${typeof json === 'string' ? 'JSON' : 'JSON in UTF-8'}: ${jsonFault(text, cause)}`, cause);
  }
};

const checkLimits = (
  { depth, tokens, keys }: JsonStructure,
  { maxDepth, maxTokens, maxKeys = maxTokens }: JsonLimits,
  invalid: Invalid,
): void => {
  if (depth > maxDepth) throw invalid(`nests ${depth} levels deep, more than ${maxDepth}`);
  if (keys > maxKeys) throw invalid(`has at least ${keys} keys, more than ${maxKeys}`);
  if (tokens > maxTokens) throw invalid(`has at least ${tokens} JSON tokens, more than ${maxTokens}`);
};

const decode = (bytes: Uint8Array, invalid: Invalid): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid('is not JSON in UTF-8: it has bytes that are no UTF-8', cause);
  }
};

/** Keys of a parsed object, counted as `scanJson` does. */
const countKeys = (value: Record<string, unknown>): number => {
  const inner = Object.values(value).filter(isObject);
  return inner.reduce((count, object) => count + Object.keys(object).length, Object.keys(value).length);
};
