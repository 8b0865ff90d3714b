import {
  frameChunk,
  tokensPerChunk,
  tokenize,
  tokenIds,
  type Chunk,
  type Token,
  type TokenGroup,
} from '../token-chunks.js';
import type { TextEncoder } from '../encode-prompt.js';
import { isBreak, type WeightedText } from './parse-a1111.js';

/** A1111's default `comma_padding_backtrack`: after a comma within so many tokens of a chunk's end, text goes to the next chunk. */
const BACKTRACK = 20;

/**
 * Splits into chunks of 75 tokens, after a comma if one is near the end.
 * Source: AUTOMATIC1111/stable-diffusion-webui modules/sd_hijack_clip.py at 00e09382, `tokenize_line`.
 * @returns at least one
 */
export const chunkA1111 = (encoder: TextEncoder, parts: readonly WeightedText[]): Chunk[] => {
  const { tokenizer } = encoder;
  const room = tokensPerChunk(tokenizer);
  const [comma] = tokenIds(tokenizer, ',');
  const chunks: Chunk[] = [];
  let current: Token[] = [];
  let lastComma = -1;
  const close = (carried: readonly Token[] = []): void => {
    chunks.push(frameChunk(tokenizer, current));
    current = [...carried];
    lastComma = -1;
  };
  const push = (group: TokenGroup): void => {
    const [first] = group;
    if (first?.vector === null && first.id === comma) lastComma = current.length;
    else if (current.length === room && lastComma !== -1 && room - lastComma <= BACKTRACK) {
      const carried = current.splice(lastComma + 1);
      close(carried);
    }
    if (current.length + group.length > room) close();
    current.push(...group.slice(0, room));
  };
  for (const part of parts) {
    if (isBreak(part)) {
      close();
      continue;
    }
    tokenize(encoder, part.text, part.weight).forEach(push);
  }
  if (current.length > 0 || chunks.length === 0) close();
  return chunks;
};
