import { frameChunk } from '../token-chunks.js';
import { chunkComfy } from './chunk-comfy.js';
import { expectRuns } from '../expect-runs.js';
import { encodeChunk } from '../encode-chunk.js';
import type { EncodedText, EncodeTexts } from '../encoded-text.js';
import type { TextEncoder } from '../encode-prompt.js';
import { parseComfy } from './parse-comfy.js';
import { interpolateFromEmpty } from './interpolate-from-empty.js';

/**
 * The pooled embedding is that of the first chunk, unweighted.
 * Source: comfyanonymous/ComfyUI comfy/sd1_clip.py at 00728eb2, `encode_token_weights`.
 */
export const encodeComfy: EncodeTexts = async (encoder, texts) => {
  const encoded: EncodedText[] = [];
  for (const text of texts) encoded.push(await encodeOne(encoder, text));
  return encoded;
};

const encodeOne = async (encoder: TextEncoder, text: string): Promise<EncodedText> => {
  const chunks = chunkComfy(encoder, parseComfy(text));
  expectRuns(chunks.length);
  const outputs = [];
  for (const chunk of chunks) outputs.push(await encodeChunk(encoder, chunk));
  const pooled = outputs[0]?.pooled;
  const plain = outputs.map(({ hidden }) => hidden);
  if (chunks.flat().every(({ weight }) => weight === 1)) return { chunks: plain, pooled, padding: null };
  const { hidden: empty } = await encodeChunk(encoder, frameChunk(encoder.tokenizer, []));
  const weighted = plain.map((hidden, index) => interpolateFromEmpty(chunks[index] ?? [], hidden, empty));
  return { chunks: weighted, pooled, padding: null };
};
