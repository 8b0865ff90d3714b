/** Well-formed JSON text for other programs. */
import { stringify } from './exact-integers.js';

const LONE_HALF = /\\(?:\\|u(d[89a-f][0-9a-f]{2}))/g;

/**
 * A value as JSON, with bigints as integers and U+FFFD for each lone surrogate: many readers, such as jq and Python's UTF-8 codec, fail at its escape.
 * `JSON.stringify` escapes no whole characters.
 */
export const jsonText = (value: unknown): string => {
  const text = stringify(value) ?? 'undefined';
  return text.includes('\\ud')
    ? text.replace(LONE_HALF, (escape, half?: string) => (half === undefined ? escape : '\ufffd'))
    : text;
};

/** The first `length` UTF-16 code units of a text, or one fewer so as not to split a surrogate pair. */
export const cutText = (text: string, length: number): string => {
  const cut = text.slice(0, length);
  return cut.length < text.length && !cut.isWellFormed() && text.isWellFormed() ? cut.slice(0, -1) : cut;
};

/** A parsed JSON value with U+FFFD for each lone surrogate, in keys too; the same value if it has none. */
export const wellFormed = (value: unknown): unknown => {
  if (isWellFormed(value)) return value;
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  const entries = Object.entries(value as object) as [string, unknown][];
  return Object.fromEntries(entries.map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)] as const));
};

/** Without a copy: a manifest may have a million rows, most of them well-formed. */
const isWellFormed = (value: unknown): boolean => {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed() || !isWellFormed(value[key as keyof typeof value])) return false;
  }
  return true;
};
