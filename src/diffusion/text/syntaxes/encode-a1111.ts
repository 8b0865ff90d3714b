import type { Tensor } from '../../../tensor/tensor.js';
import { chunkA1111 } from './chunk-a1111.js';
import { frame } from '../token-chunks.js';
import { encodeChunk, type EncodedChunk } from '../encode-chunk.js';
import type { EncodeTexts } from '../encoded-text.js';
import { parseA1111 } from './parse-a1111.js';
import { weighA1111 } from './apply-weights-a1111.js';

/**
 * Texts of one schedule are brought to one length with empty chunks; the pooled embedding is the first chunk's, and unweighted.
 * Source: AUTOMATIC1111/stable-diffusion-webui modules/sd_hijack_clip.py at 00e09382, `forward` and `process_tokens`.
 */
export const encodeA1111: EncodeTexts = async (encoder, texts, counts) => {
  const all = texts.map((text) => chunkA1111(encoder, parseA1111(text)));
  const length = Math.max(...all.map((chunks) => chunks.length));
  const empty = frame(encoder.tokenizer, []);
  const hiddens: Tensor[][] = texts.map(() => []);
  const pooled: EncodedChunk['pooled'][] = [];
  for (let index = 0; index < length; index++) {
    const chunks = all.map((own) => own[index] ?? empty);
    for (const [text, chunk] of chunks.entries()) {
      const encoded = await encodeChunk(encoder, chunk);
      if (index === 0) pooled.push(encoded.pooled);
      hiddens[text]?.push(encoded.hidden);
    }
    weighA1111(
      chunks,
      hiddens.map((own) => own[index] as Tensor),
      counts,
    );
  }
  return hiddens.map((chunks, text) => ({ chunks, pooled: pooled[text], filler: null }));
};
