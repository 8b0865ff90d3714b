/** Encodes prompts in a syntax to embeddings of 77 tokens per chunk. */
import type { PromptSyntax } from '../../records/settings.js';
import { beforeRuns, NO_PAUSE, type Pause } from '../../onnx/runtime/before-runs.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { encodeA1111 } from './syntaxes/encode-a1111.js';
import { encodeComfy } from './syntaxes/encode-comfy.js';
import { encodeCompel } from './syntaxes/encode-compel.js';
import { encodePlain } from './syntaxes/encode-plain.js';
import type { EncodedText, EncodeTexts } from './encoded-text.js';
import { joinFeatures, type TextEmbeddings, type TextEncoder } from './encode-prompt.js';

const BY_SYNTAX: Readonly<Record<PromptSyntax, EncodeTexts>> = {
  plain: encodePlain,
  a1111: encodeA1111,
  comfy: encodeComfy,
  compel: encodeCompel,
};

/**
 * @param texts of one prompt at different steps (prompt editing)
 * @param pause before each run of a text encoder; default: none
 * @returns f32 [1,77·chunks,width] and [1,projection] of each
 * @throws SESSION_RUN ROW_FIELD_INVALID, and what `pause` throws
 */
export const encodeTexts = async (
  encoders: readonly TextEncoder[],
  texts: readonly string[],
  syntax: PromptSyntax,
  pause: Pause = NO_PAUSE,
): Promise<TextEmbeddings[]> => {
  const countOf = new Map<string, number>();
  for (const text of texts) countOf.set(text, (countOf.get(text) ?? 0) + 1);
  const different = [...countOf.keys()];
  const counts = [...countOf.values()];
  const byEncoder: EncodedText[][] = [];
  for (const encoder of encoders) {
    byEncoder.push(await BY_SYNTAX[syntax](pausingEncoder(encoder, pause), different, counts));
  }
  const encoded = different.map((text, index): [string, TextEmbeddings] => {
    const parts = byEncoder.map((encoded) => encoded[index] as EncodedText);
    const lengths = parts.map(({ chunks }) => chunks.length);
    const count = parts.some(({ padding }) => padding === null) ? Math.min(...lengths) : Math.max(...lengths);
    const pooled = parts.at(-1)?.pooled;
    if (pooled === undefined) throw new RangeError('the last text encoder has no projection');
    return [text, { hidden: joinFeatures(parts.map((part) => joinChunks(part, count))), pooled }];
  });
  const embeddingsOf = new Map(encoded);
  return texts.map((text) => embeddingsOf.get(text) as TextEmbeddings);
};

const pausingEncoder = (encoder: TextEncoder, pause: Pause): TextEncoder => {
  const { session, extended } = encoder;
  return {
    ...encoder,
    session: beforeRuns(session, pause),
    ...(extended === undefined ? {} : { extended: async () => beforeRuns(await extended(), pause) }),
  };
};

const joinChunks = ({ chunks, padding }: EncodedText, count: number): Tensor => {
  const missing = Array.from({ length: Math.max(0, count - chunks.length) }, () => padding);
  const all = [...chunks.slice(0, count), ...missing] as Tensor[];
  return all.length === 1 ? (all[0] as Tensor) : joinTokens(all);
};

/** [1,a,width] and [1,b,width] to [1,a+b,width]. */
export const joinTokens = (parts: readonly Tensor[]): Tensor => {
  const width = parts[0]?.dims[2] ?? 0;
  const joined = new Float32Array(parts.reduce((length, { data }) => length + data.length, 0));
  let start = 0;
  for (const { data } of parts) {
    joined.set(data, start);
    start += data.length;
  }
  return tensor(joined, [1, joined.length / width, width]);
};
