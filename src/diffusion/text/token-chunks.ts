/** What a text encoder is given at once: 77 tokens, of which the prompt has 75. */
import type { TextEncoder } from './encode-prompt.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

export interface Token {
  id: number;
  /** How much it counts; 1: as it is. */
  weight: number;
  /** Of a textual inversion: what stands for the id's row of the token embedding. */
  vector: Float32Array | null;
}

export type Chunk = readonly Token[];

/** Tokens that stay together, all of one weight: a word, or the vectors of an embedding. */
export type TokenGroup = readonly Token[];

/** Begin, the tokens, end, padding. @param tokens at most `roomOf` */
export const frame = (tokenizer: Tokenizer, tokens: readonly Token[]): Chunk => {
  const empty = Array.from(tokenizer.encode(''), (id): Token => ({ id, weight: 1, vector: null }));
  const [begin, end] = empty;
  if (begin === undefined || end === undefined) throw new RangeError('a tokenizer without begin and end');
  return [begin, ...tokens, end, ...empty.slice(2 + tokens.length)].slice(0, empty.length);
};

/** Tokens of a prompt that go into one chunk. */
export const roomOf = (tokenizer: Tokenizer): number => tokenizer.encode('').length - 2;

/** Ids of a text, without begin and end. */
export const idsOf = (tokenizer: Tokenizer, text: string): number[] => tokenizer.encodeUntruncated(text).slice(1, -1);

/** The tokens of a text, its embeddings among them as groups of their own. */
export const tokenize = (
  { tokenizer, embeddings }: Pick<TextEncoder, 'tokenizer' | 'embeddings'>,
  text: string,
  weight: number,
): TokenGroup[] =>
  cutAtNames(text, [...(embeddings?.keys() ?? [])]).flatMap((part, index): TokenGroup[] => {
    if (index % 2 === 0) return idsOf(tokenizer, part).map((id) => [{ id, weight, vector: null }]);
    return [vectorsOf(embeddings?.get(part.toLowerCase()) ?? [], weight)];
  });

export const vectorsOf = (vectors: readonly Float32Array[], weight: number): TokenGroup =>
  vectors.map((vector) => ({ id: 0, weight, vector }));

/** Text and names in turns, text first. A name counts as a whole word, in any case, and may have `embedding:` before it. */
const cutAtNames = (text: string, names: readonly string[]): string[] => {
  if (names.length === 0) return [text];
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const any = longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(?<![\\p{L}\\p{N}_])(?:embedding:)?(${any})(?![\\p{L}\\p{N}_])`, 'iu'));
};
