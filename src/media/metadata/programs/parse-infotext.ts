/**
 * Parses A1111's `parameters` text as A1111 does (stable-diffusion-webui, modules/infotext_utils.py,
 * `parse_generation_parameters`), with three differences listed at `parseInfotext`. Pure.
 */
import { MAX_INFOTEXT_CHARS, MAX_KEY_CHARS, MAX_PAIRS } from '../limits.js';
import { stringEnd } from '../parse-json.js';
import type { Warn } from '../warnings.js';

export interface Infotext {
  prompt: string;
  negativePrompt: string;
  /** Pairs of the last line, values unquoted; empty if the line is part of the prompt. */
  params: ReadonlyMap<string, string>;
}

const NEGATIVE = 'Negative prompt:';
/** A last line with fewer pairs is part of the prompt. */
const MIN_PAIRS = 3;

/**
 * Splits the text into prompts and parameters. A1111 reads any last line of three pairs as parameters, so a prompt that ends in
 * `Starter: soup, Main: fish, Dessert: cake` is lost: here `Steps` has to be among them. If text follows the
 * parameters, as with some extensions, the last line that begins with `Steps: ` is used, as in Civitai.
 * Unquoted JSON is one value (`readJson`).
 * @returns null, with a warning, if the text is too long
 */
export const parseInfotext = (text: string, warn: Warn): Infotext | null => {
  if (text.length > MAX_INFOTEXT_CHARS) {
    warn(`Ignored a text of ${text.length} characters: at most ${MAX_INFOTEXT_CHARS} are read.`);
    return null;
  }
  const { lines, at, first } = linesOf(text);
  return {
    ...splitPrompts(lines.slice(0, first)),
    params: new Map(at === lines.length ? [] : readPairs(lines[at] ?? '').filter(([, value]) => value !== '')),
  };
};

/** Whether a text has the parameters of two pictures that differ: nothing says which of them its picture is. */
export const hasTwoPictures = (text: string): boolean => {
  if (text.length > MAX_INFOTEXT_CHARS) return false;
  const { lines, at, first } = linesOf(text);
  return first < at && !isSame(lines.slice(0, at), first, lines[at]);
};

/** @returns the lines, and the places of the parameters and of the first parameters; the number of lines where there are none */
const linesOf = (text: string): { lines: string[]; at: number; first: number } => {
  const lines = text.trim().split(/\r\n?|\n/);
  const last = lines.length - 1;
  const isParameters = (line: string): boolean => line.startsWith('Steps: ') && hasSteps(line);
  const found = hasSteps(lines[last] ?? '') ? last : lines.findLastIndex(isParameters);
  const at = found < 0 ? lines.length : found;
  const first = lines.slice(0, at).findIndex(isParameters);
  return { lines, at, first: first < 0 ? at : first };
};

/** Whether the text after the line `at` repeats the text up to it, with `last` as the other's parameters. */
const isSame = (lines: readonly string[], at: number, last: string | undefined): boolean => {
  const words = (part: readonly string[]): string => part.join('\n').trim();
  return words(lines.slice(0, at)) === words(lines.slice(at + 1)) && lines[at]?.trim() === last?.trim();
};

const hasSteps = (line: string): boolean => {
  if (!line.includes('Steps:')) return false;
  const pairs = readPairs(line);
  return pairs.length >= MIN_PAIRS && pairs.some(([key]) => key === 'Steps');
};

/** A line that begins with `Negative prompt:` begins the negative prompt; one that only contains it does not. */
const splitPrompts = (lines: readonly string[]): { prompt: string; negativePrompt: string } => {
  const trimmed = lines.map((line) => line.trim());
  const negativeAt = trimmed.findIndex((line) => line.startsWith(NEGATIVE));
  const joined = (part: readonly string[]): string => part.join('\n').replace(/^\n+/, '');
  if (negativeAt < 0) return { prompt: joined(trimmed), negativePrompt: '' };
  const negative = trimmed
    .slice(negativeAt)
    .map((line) => (line.startsWith(NEGATIVE) ? line.slice(NEGATIVE.length).trim() : line));
  return { prompt: joined(trimmed.slice(0, negativeAt)), negativePrompt: joined(negative) };
};

/** The longest key before a colon: a letter, digit or `_`, followed by those, spaces, `-` and `/`. */
const KEY = /[\p{L}\p{N}_][\p{L}\p{N}_ \-/]+$/u;

/**
 * The matches of A1111's pattern `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`, in one pass: the pattern takes
 * quadratic time on a long word without a colon. A pair with an empty value is kept here; A1111 drops it later.
 */
export const readPairs = (line: string): [key: string, value: string][] => {
  const pairs: [string, string][] = [];
  const scan = { left: line.length * MAX_SCANS };
  let from = 0;
  for (let colon = line.indexOf(':'); colon >= 0 && pairs.length < MAX_PAIRS; colon = line.indexOf(':', colon + 1)) {
    if (colon < from) continue;
    const key = KEY.exec(line.slice(Math.max(from, colon - MAX_KEY_CHARS), colon))?.[0];
    if (key === undefined) continue;
    const { value, end } = readValue(line, colon + 1, scan);
    pairs.push([key, value]);
    from = end + 1;
  }
  return pairs;
};

/** A value and the offset of the comma after it, or of the line's end. */
interface Value {
  value: string;
  end: number;
}

const readValue = (line: string, afterColon: number, scan: Scan): Value => {
  const start = afterColon + (/\S/.exec(line.slice(afterColon, afterColon + MAX_KEY_CHARS))?.index ?? 0);
  const first = line.charAt(start);
  const whole =
    first === '"' ? readQuoted(line, start) : first === '{' || first === '[' ? readJson(line, start, scan) : null;
  if (whole !== null) return whole;
  const comma = line.indexOf(',', start);
  const end = comma < 0 ? line.length : comma;
  return { value: unquote(line.slice(start, end)), end };
};

/** A JSON string up to a comma or the end; null if there is none. */
const readQuoted = (line: string, start: number): Value | null => {
  const end = stringEnd(line, start) + 1;
  if (end === start + 2 || end > line.length || !isEnd(line, end)) return null;
  return { value: unquote(line.slice(start, end)), end };
};

const unquote = (value: string): string => {
  const parsed = value.startsWith('"') && value.endsWith('"') ? parse(value) : undefined;
  return typeof parsed === 'string' ? parsed : value;
};

/** Longer JSON is cut at its first comma, as A1111 does with any JSON. */
const MAX_JSON_VALUE_CHARS = 2 ** 16;

/** Searches for the ends of JSON may pass over a line this often; then JSON is cut too. Where every value is whole, they pass over it once. */
const MAX_SCANS = 16;

/** Characters that searches for the ends of JSON may still read. */
interface Scan {
  left: number;
}

/**
 * A JSON object or list, whose commas do not end the value: `Hashes` and `Civitai resources` are written without
 * quotes, and A1111's pattern would cut them.
 */
const readJson = (line: string, start: number, scan: Scan): Value | null => {
  let level = 0;
  const limit = Math.min(line.length, start + Math.min(MAX_JSON_VALUE_CHARS, scan.left));
  for (let i = start; i < limit; i++) {
    const char = line.charAt(i);
    if (char === '"') i = stringEnd(line, i, limit);
    else if (char === '{' || char === '[') level++;
    else if ((char === '}' || char === ']') && --level === 0) {
      const value = line.slice(start, i + 1);
      scan.left -= value.length;
      return isEnd(line, i + 1) && parse(value) !== undefined ? { value, end: i + 1 } : null;
    }
  }
  scan.left -= limit - start;
  return null;
};

const isEnd = (line: string, at: number): boolean => at === line.length || line.charAt(at) === ',';

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
};
