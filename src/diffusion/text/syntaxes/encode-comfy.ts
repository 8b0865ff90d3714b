import { frame } from '../token-chunks.js';
import { chunkComfy } from './chunk-comfy.js';
import { encodeChunk } from '../encode-chunk.js';
import type { EncodedText, EncodeTexts } from '../encoded-text.js';
import type { TextEncoder } from '../encode-prompt.js';
import { parseComfy } from './parse-comfy.js';
import { weighFromEmpty } from './interpolate-from-empty.js';

/**
 * The pooled embedding is the first chunk's, and unweighted.
 * Source: comfyanonymous/ComfyUI comfy/sd1_clip.py at 00728eb2, `encode_token_weights`.
 */
export const encodeComfy: EncodeTexts = async (encoder, texts) => {
  const encoded: EncodedText[] = [];
  for (const text of texts) encoded.push(await encodeOne(encoder, text));
  return encoded;
};

const encodeOne = async (encoder: TextEncoder, text: string): Promise<EncodedText> => {
  const chunks = chunkComfy(encoder, parseComfy(text));
  const outputs = [];
  for (const chunk of chunks) outputs.push(await encodeChunk(encoder, chunk));
  const pooled = outputs[0]?.pooled;
  const plain = outputs.map(({ hidden }) => hidden);
  if (chunks.flat().every(({ weight }) => weight === 1)) return { chunks: plain, pooled, filler: null };
  const { hidden: empty } = await encodeChunk(encoder, frame(encoder.tokenizer, []));
  const weighted = plain.map((hidden, index) => weighFromEmpty(chunks[index] ?? [], hidden, empty));
  return { chunks: weighted, pooled, filler: null };
};
