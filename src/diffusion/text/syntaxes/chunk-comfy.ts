import {
  frameChunk,
  tokenIds,
  tokensPerChunk,
  vectorsOf,
  type Chunk,
  type Token,
  type TokenGroup,
} from '../token-chunks.js';
import type { TextEncoder } from '../encode-prompt.js';
import type { WeightedText } from './parse-a1111.js';

/** ComfyUI's `max_word_length`: words of at least so many tokens may be split. */
const LONG = 8;
const PREFIX = 'embedding:';

/**
 * Splits into chunks of 75 tokens between words; words of 8 tokens and more may be split. `embedding:` starts an embedding.
 * Source: comfyanonymous/ComfyUI comfy/sd1_clip.py at 00728eb2, `tokenize_with_weights`.
 * @returns at least one
 */
export const chunkComfy = (encoder: TextEncoder, parts: readonly WeightedText[]): Chunk[] => {
  const { tokenizer } = encoder;
  const room = tokensPerChunk(tokenizer);
  const chunks: Chunk[] = [];
  let current: Token[] = [];
  const close = (): void => {
    chunks.push(frameChunk(tokenizer, current));
    current = [];
  };
  for (const word of parts.flatMap((part) => wordsOf(encoder, part))) {
    let rest = word;
    while (current.length + rest.length > room) {
      if (word.length >= LONG) {
        const fits = room - current.length;
        current.push(...rest.slice(0, fits));
        rest = rest.slice(fits);
      }
      close();
    }
    current.push(...rest);
  }
  close();
  return chunks;
};

const wordsOf = (encoder: TextEncoder, { text, weight }: WeightedText): TokenGroup[] =>
  text
    .replaceAll('\n', ' ')
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => wordOf(encoder, word, weight));

/** A comma directly after an embedding's name is a separate word. */
const wordOf = ({ tokenizer, embeddings }: TextEncoder, word: string, weight: number): TokenGroup[] => {
  const ids = (text: string): TokenGroup => tokenIds(tokenizer, text).map((id) => ({ id, weight, vector: null }));
  if (!word.startsWith(PREFIX)) return [ids(word)];
  const name = word.slice(PREFIX.length).toLowerCase();
  const bare = name.replace(/^,+|(?<!,),+$/g, '');
  const vectors = embeddings?.get(name) ?? embeddings?.get(bare);
  if (vectors === undefined) return [ids(word)];
  const rest = embeddings?.has(name) === true ? '' : name.slice(bare.length);
  return [vectorsOf(vectors, weight), ...(rest === '' ? [] : [ids(rest)])];
};
