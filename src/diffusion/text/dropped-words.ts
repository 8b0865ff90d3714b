import { tokensPerChunk, tokenize } from './token-chunks.js';
import type { TextEncoder } from './encode-prompt.js';

/** Without any white space, such as U+0085, which is none for `\S`: the tokenizer skips it, so thousands of it would be as many words of no tokens. */
const WORD = /[^\s\p{White_Space}]+/gu;

/** The end of a prompt that exceeds one chunk, from the first truncated word; null if all fits. */
export const droppedWords = (encoder: Pick<TextEncoder, 'tokenizer' | 'embeddings'>, prompt: string): string | null => {
  const room = tokensPerChunk(encoder.tokenizer);
  const lengthOf = (text: string): number => tokenize(encoder, text, 1).flat().length;
  if (lengthOf(prompt) <= room) return null;
  for (const word of prompt.matchAll(WORD)) {
    if (lengthOf(prompt.slice(0, word.index + word[0].length)) > room) return prompt.slice(word.index);
  }
  return null;
};
