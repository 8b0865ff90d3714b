/** A1111's attention syntax: `(a)`, `(a:1.2)`, `[a]`, `\(`, `BREAK`. */

import { expectFinite } from './expect-finite.js';

/** Text with its weight. */
export interface WeightedText {
  text: string;
  weight: number;
}

/** Starts a new chunk. As in A1111, inside brackets it gets a weight, and is the word `break`. */
export const isBreak = ({ text, weight }: WeightedText): boolean => text === 'BREAK' && weight === -1;

const UP = 1.1;
const PIECE = /\\[()[\]\\]|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()[\]:]+|:/g;
const BREAK = /\bBREAK\b/;

/**
 * Unclosed brackets extend to the end, unopened ones are text, and neighbours of equal weight are merged.
 * Source: AUTOMATIC1111/stable-diffusion-webui modules/prompt_parser.py at 28bd8e14, `parse_prompt_attention`; its doctests
 * are tests here.
 * @returns at least one
 * @throws ROW_FIELD_INVALID for a weight beyond float32
 */
export const parseA1111 = (prompt: string): WeightedText[] => {
  const parts: WeightedText[] = [];
  const open = { round: [] as number[], square: [] as number[] };
  const multiplyFrom = (start: number | undefined, factor: number): void => {
    for (const part of parts.slice(start)) part.weight *= factor;
  };
  for (const [piece, weight] of prompt.matchAll(PIECE)) {
    if (piece.startsWith('\\')) parts.push({ text: piece.slice(1), weight: 1 });
    else if (piece === '(') open.round.push(parts.length);
    else if (piece === '[') open.square.push(parts.length);
    else if (weight !== undefined && open.round.length > 0) multiplyFrom(open.round.pop(), toNumber(weight));
    else if (piece === ')' && open.round.length > 0) multiplyFrom(open.round.pop(), UP);
    else if (piece === ']' && open.square.length > 0) multiplyFrom(open.square.pop(), 1 / UP);
    else parts.push(...cutAtBreaks(piece));
  }
  for (const start of open.round) multiplyFrom(start, UP);
  for (const start of open.square) multiplyFrom(start, 1 / UP);
  return parts.length === 0 ? [{ text: '', weight: 1 }] : expectFinite(fuse(parts));
};

/** White space around `BREAK` goes with it; a pattern for both would take quadratic time on long white space. */
const cutAtBreaks = (text: string): WeightedText[] => {
  const [first = '', ...rest] = text.split(BREAK);
  if (rest.length === 0) return [{ text: first, weight: 1 }];
  const cut = rest.map((part, index) => (index === rest.length - 1 ? part.trimStart() : part.trim()));
  return [
    { text: first.trimEnd(), weight: 1 },
    ...cut.flatMap((part) => [
      { text: 'BREAK', weight: -1 },
      { text: part, weight: 1 },
    ]),
  ];
};

/** `1.2.3` matches the pattern but is not a number: an error in A1111, weight 1 here. */
const toNumber = (text: string): number => {
  const value = Number(text);
  return Number.isNaN(value) ? 1 : value;
};

const fuse = (parts: readonly WeightedText[]): WeightedText[] => {
  const fused: WeightedText[] = [];
  for (const part of parts) {
    const last = fused.at(-1);
    if (last?.weight === part.weight) last.text += part.text;
    else fused.push({ ...part });
  }
  return fused;
};
