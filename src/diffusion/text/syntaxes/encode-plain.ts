import { frameChunk, tokensPerChunk, tokenize } from '../token-chunks.js';
import { encodeChunk } from '../encode-chunk.js';
import type { EncodedText, EncodeTexts } from '../encoded-text.js';

/** As in diffusers: one chunk, longer prompts truncated, no weights. */
export const encodePlain: EncodeTexts = async (encoder, texts) => {
  const { tokenizer } = encoder;
  const encoded: EncodedText[] = [];
  for (const text of texts) {
    const tokens = tokenize(encoder, text, 1).flat();
    const { hidden, pooled } = await encodeChunk(
      encoder,
      frameChunk(tokenizer, tokens.slice(0, tokensPerChunk(tokenizer))),
    );
    encoded.push({ chunks: [hidden], pooled, padding: null });
  }
  return encoded;
};
