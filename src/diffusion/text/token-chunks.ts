/** Chunks of tokens for a text encoder: begin, 75 tokens of the prompt, end. */
import type { TextEncoder } from './encode-prompt.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

export interface Token {
  id: number;
  /** Weight of the prompt syntax; 1: unweighted. */
  weight: number;
  /** Vector of a textual inversion, which replaces the id's token embedding; else null. */
  vector: Float32Array | null;
}

export type Chunk = readonly Token[];

/** Tokens that stay in one chunk and have one weight: a word, or the vectors of an embedding. */
export type TokenGroup = readonly Token[];

/** Begin, tokens, end, padding. @param tokens at most `tokensPerChunk` */
export const frameChunk = (tokenizer: Tokenizer, tokens: readonly Token[]): Chunk => {
  const empty = Array.from(tokenizer.encode(''), (id): Token => ({ id, weight: 1, vector: null }));
  const [begin, end] = empty;
  if (begin === undefined || end === undefined) throw new RangeError('a tokenizer without begin and end');
  return [begin, ...tokens, end, ...empty.slice(2 + tokens.length)].slice(0, empty.length);
};

/** Tokens of a prompt in one chunk: 75. */
export const tokensPerChunk = (tokenizer: Tokenizer): number => tokenizer.encode('').length - 2;

/** Token ids of a text, without begin and end. */
export const tokenIds = (tokenizer: Tokenizer, text: string): number[] =>
  tokenizer.encodeUntruncated(text).slice(1, -1);

/** The tokens of a text; each embedding is a group. */
export const tokenize = (
  { tokenizer, embeddings }: Pick<TextEncoder, 'tokenizer' | 'embeddings'>,
  text: string,
  weight: number,
): TokenGroup[] =>
  splitAtEmbeddings(text, [...(embeddings?.keys() ?? [])]).flatMap((part, index): TokenGroup[] => {
    if (index % 2 === 0) return tokenIds(tokenizer, part).map((id) => [{ id, weight, vector: null }]);
    return [vectorsOf(embeddings?.get(part.toLowerCase()) ?? [], weight)];
  });

export const vectorsOf = (vectors: readonly Float32Array[], weight: number): TokenGroup =>
  vectors.map((vector) => ({ id: 0, weight, vector }));

/** Splits into alternating text and embedding names, text first. A name is a whole word in any case, with or without `embedding:`. */
const splitAtEmbeddings = (text: string, names: readonly string[]): string[] => {
  if (names.length === 0) return [text];
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const any = longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(?<![\\p{L}\\p{N}_])(?:embedding:)?(${any})(?![\\p{L}\\p{N}_])`, 'iu'));
};
