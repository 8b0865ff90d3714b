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
 * The most common errors have their own messages: a comma after the last value, which Python and JavaScript allow, and `NaN` and
 * infinities, which Python's `json` writes.
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
  const word = UNEXPECTED_WORD.test(message) ? bareWord(text) : null;
  if (word !== null)
    return `${word.word} at ${placeIn(text, word.at)}: JSON has none; write null, or leave the key out`;
  if (position === undefined || message.includes('(line ')) return message;
  return `${message} (${placeIn(text, Number(position))})`;
};

/** V8's message where such a word begins. */
const UNEXPECTED_WORD = /^(?:Unexpected token '?[NI]|No number after minus sign)/;
const WORDS = ['NaN', 'Infinity', '-Infinity'];
const FIRST_LETTERS = 'NI-';

/** The first of them outside strings; null: there is none. */
const bareWord = (text: string): { word: string; at: number } | null => {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) === QUOTE) at = stringEnd((offset) => text.charCodeAt(offset), at, text.length);
    const word = FIRST_LETTERS.includes(text.charAt(at)) && WORDS.find((candidate) => text.startsWith(candidate, at));
    if (typeof word === 'string') return { word, at };
  }
  return null;
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

/** Line and column, 1-based as in editors; columns in UTF-16 units. Text of one line may be a line of a file, so it has a column only. */
const placeIn = (text: string, offset: number): string => {
  if (!text.trimEnd().includes('\n')) return `column ${offset + 1}`;
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return `line ${line}, column ${offset - start + 1}`;
};
