import type { Tensor } from '../../../tensor/tensor.js';
import { chunkA1111 } from './chunk-a1111.js';
import { frameChunk } from '../token-chunks.js';
import { expectRuns } from '../expect-runs.js';
import { encodeChunk, type EncodedChunk } from '../encode-chunk.js';
import type { EncodeTexts } from '../encoded-text.js';
import { parseA1111 } from './parse-a1111.js';
import { applyWeightsA1111 } from './apply-weights-a1111.js';

/**
 * Pads the texts of one schedule to equal length with empty chunks. The pooled embedding is that of the first chunk, unweighted.
 * Source: AUTOMATIC1111/stable-diffusion-webui modules/sd_hijack_clip.py at 00e09382, `forward` and `process_tokens`.
 */
export const encodeA1111: EncodeTexts = async (encoder, texts, counts) => {
  let length = 0;
  const all = texts.map((text) => {
    const chunks = chunkA1111(encoder, parseA1111(text));
    length = Math.max(length, chunks.length);
    /* Before the next of perhaps a thousand texts. */
    expectRuns(length, length * texts.length);
    return chunks;
  });
  const empty = frameChunk(encoder.tokenizer, []);
  const hiddens: Tensor[][] = texts.map(() => []);
  const pooled: EncodedChunk['pooled'][] = [];
  for (let index = 0; index < length; index++) {
    const chunks = all.map((own) => own[index] ?? empty);
    for (const [text, chunk] of chunks.entries()) {
      const encoded = await encodeChunk(encoder, chunk);
      if (index === 0) pooled.push(encoded.pooled);
      hiddens[text]?.push(encoded.hidden);
    }
    applyWeightsA1111(
      chunks,
      hiddens.map((own) => own[index] as Tensor),
      counts,
    );
  }
  return hiddens.map((chunks, text) => ({ chunks, pooled: pooled[text], padding: null }));
};
