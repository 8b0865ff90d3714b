/** ComfyUI's attention syntax: `(a)`, `(a:1.2)`, `\(`. Square brackets and `BREAK` are text there. */

import { expectFinite } from './expect-finite.js';
import type { WeightedText } from './parse-a1111.js';

const UP = 1.1;
/** Deeper brackets are text. */
const DEEPEST = 64;

/**
 * A weight replaces that of enclosing brackets; brackets without one multiply by 1.1.
 * Source: comfyanonymous/ComfyUI comfy/sd1_clip.py at 00728eb2, `token_weights` and `parse_parentheses`.
 * @throws ROW_FIELD_INVALID for a weight beyond float32
 */
export const parseComfy = (prompt: string): WeightedText[] =>
  expectFinite(
    weigh(prompt.replaceAll('\\)', ESCAPED.closing).replaceAll('\\(', ESCAPED.opening), 1, 0).map(
      ({ text, weight }) => ({
        text: text.replaceAll(ESCAPED.closing, ')').replaceAll(ESCAPED.opening, '('),
        weight,
      }),
    ),
  );

/** Characters that cannot be typed. */
const ESCAPED = { closing: '\0\u0001', opening: '\0\u0002' };

const weigh = (text: string, weight: number, depth: number): WeightedText[] =>
  cutAtBrackets(text).flatMap((part) => {
    const isBracket = part.length >= 2 && part.startsWith('(') && part.endsWith(')') && depth < DEEPEST;
    if (!isBracket) return [{ text: part, weight }];
    const inner = part.slice(1, -1);
    const colon = inner.lastIndexOf(':');
    const own = colon > 0 ? readNumber(inner.slice(colon + 1)) : null;
    return own === null ? weigh(inner, weight * UP, depth + 1) : weigh(inner.slice(0, colon), own, depth + 1);
  });

/** Parses like Python's float, without infinities and NaN. */
const readNumber = (text: string): number | null => {
  const trimmed = text.trim();
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : null;
};

/** Splits into top-level brackets and the text between them. */
const cutAtBrackets = (text: string): string[] => {
  const parts: string[] = [];
  let current = '';
  let nesting = 0;
  for (const letter of text) {
    if (letter === '(') {
      if (nesting === 0 && current !== '') {
        parts.push(current);
        current = '';
      }
      current += letter;
      nesting++;
    } else if (letter === ')') {
      nesting--;
      current += letter;
      if (nesting === 0) {
        parts.push(current);
        current = '';
      }
    } else current += letter;
  }
  if (current !== '') parts.push(current);
  return parts;
};
