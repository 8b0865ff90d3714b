/** Describes a JSON syntax error: what, where, and how to mend it. Pure. */
import { cutText } from './json-text.js';
import { messageOf } from '../../errors.js';
import { COMMA, QUOTE, stringEnd } from './string-end.js';

const MAX_MESSAGE = 200;
/** `]` and `}`. */
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);
/** JSON's white space (RFC 8259, section 2). */
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The most common error has its own message: a comma after the last value, which Python and JavaScript allow.
 *
 * @param text that `JSON.parse` refused
 * @param thrown by `JSON.parse`
 * @returns text without a full stop
 */
export const jsonFault = (text: string, thrown: unknown): string => {
  /* V8 quotes the text around the fault, including line breaks. */
  const message = cutText(messageOf(thrown).replace(/[\p{Cc}\s]+/gu, ' '), MAX_MESSAGE);
  const position = /at position (\d+)/.exec(message)?.[1];
  const comma = trailingComma(text);
  /* A parser that stopped before the comma stopped for another reason. */
  if (comma !== null && (position === undefined || Number(position) > comma)) {
    return `trailing comma at ${placeIn(text, comma)}: JSON has none; remove it`;
  }
  if (position === undefined || message.includes('(line ')) return message;
  return `${message} (${placeIn(text, Number(position))})`;
};

/** Offset of the first comma before a closing bracket; null if there is none. */
const trailingComma = (text: string): number | null => {
  let comma: number | null = null;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (SPACE.has(unit)) continue;
    if (comma !== null && CLOSING.has(unit)) return comma;
    comma = unit === COMMA ? i : null;
    if (unit === QUOTE) i = stringEnd((at) => text.charCodeAt(at), i, text.length);
  }
  return null;
};

/** Line and column, 1-based as in editors; columns in UTF-16 units. */
const placeIn = (text: string, offset: number): string => {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return `line ${line}, column ${offset - start + 1}`;
};
