import { frame, roomOf, tokenize } from '../token-chunks.js';
import { encodeChunk } from '../encode-chunk.js';
import type { EncodedText, EncodeTexts } from '../encoded-text.js';

/** As diffusers does: one chunk, the rest is cut off, nothing is weighted. */
export const encodePlain: EncodeTexts = async (encoder, texts) => {
  const { tokenizer } = encoder;
  const encoded: EncodedText[] = [];
  for (const text of texts) {
    const tokens = tokenize(encoder, text, 1).flat();
    const { hidden, pooled } = await encodeChunk(encoder, frame(tokenizer, tokens.slice(0, roomOf(tokenizer))));
    encoded.push({ chunks: [hidden], pooled, filler: null });
  }
  return encoded;
};
