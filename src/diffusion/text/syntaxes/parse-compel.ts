/**
 * Compel's syntax, which is InvokeAI's: `word++`, `(some words)--`, `(some words)1.3`, `("a", "b").and()`, `("a", "b").blend(0.7, 0.3)`.
 * Source: damian0815/compel src/compel/prompt_parser.py at c60b9fbc.
 */
import { RefineError } from '../../../errors.js';
import { cutText } from '../../../io/json/json-text.js';
import { CompelReader } from './compel-reader.js';
import { expectFinite } from './expect-finite.js';
import type { WeightedText } from './parse-a1111.js';

/** Concatenated prompts, or their weighted mean. */
export interface CompelPrompt {
  kind: 'and' | 'blend';
  /** Pieces, each of one weight; neighbours differ in weight. */
  prompts: readonly (readonly WeightedText[])[];
  weights: readonly number[];
  /** Blends only: the weights are divided by their sum. */
  normalizes: boolean;
}

/** @throws ROW_FIELD_INVALID if weights are missing or beyond float32, and for `.swap()` and `withLora()`, which are not supported */
export const parseCompel = (prompt: string): CompelPrompt => {
  const text = prompt.replace(/,(\S)/g, ', $1');
  const reader = new CompelReader(text);
  const joined = reader.conjunction();
  if (joined === null) return { kind: 'and', prompts: [fuse(reader.prompt())], weights: [1], normalizes: true };
  const { kind, prompts, options } = joined;
  const isPlain = kind === 'blend' && options.at(-1) === 'no_normalize';
  const numbers = (isPlain ? options.slice(0, -1) : options).map(Number);
  const weights = numbers.length === 0 ? prompts.map(() => 1) : numbers;
  if (weights.length !== prompts.length || weights.some(Number.isNaN)) {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      `Expected .${kind}() of ${prompts.length} prompts to have as many weights or none, got (${cutText(options.join(', '), MAX_SHOWN)})`,
    );
  }
  expectFinite(weights.map((weight) => ({ weight })));
  return { kind, prompts: prompts.map(fuse), weights, normalizes: !isPlain };
};

const MAX_SHOWN = 80;

/** Merges neighbours of equal weight; an empty prompt is one empty piece. */
const fuse = (parts: readonly WeightedText[]): WeightedText[] => {
  const fused: WeightedText[] = [];
  for (const { text, weight } of parts) {
    const last = fused.at(-1);
    if (last?.weight === weight) last.text += ` ${text}`;
    else fused.push({ text, weight });
  }
  return fused.length === 0 ? [{ text: '', weight: 1 }] : expectFinite(fused);
};
