import { idsOf, roomOf } from './chunk.js';
import type { Tokenizer } from './tokenizer.js';

/** What of a prompt does not fit into one chunk, from the first word that is not whole; null: all fits. */
export const cutWords = (tokenizer: Tokenizer, prompt: string): string | null => {
  const room = roomOf(tokenizer);
  if (idsOf(tokenizer, prompt).length <= room) return null;
  let used = 0;
  for (const word of prompt.matchAll(/\S+/g)) {
    used += idsOf(tokenizer, word[0]).length;
    if (used > room) return prompt.slice(word.index);
  }
  return null;
};
