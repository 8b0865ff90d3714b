/** Encodes one chunk with one text encoder. */
import { RefineError } from '../../errors.js';
import { CLIP, MASKED_SCORE } from '../../models/networks/clip-text-encoder.js';
import type { Feeds, Session } from '../../onnx/runtime/session.js';
import { openLate } from '../../onnx/runtime/open-late.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import type { Chunk } from './token-chunks.js';
import { endOfText, type TextEncoder } from './encode-prompt.js';

export interface EncodedChunk {
  /** f32 [1,77,width] */
  hidden: Tensor;
  /** f32 [1,projection]; undefined: the encoder has none. */
  pooled: Tensor | undefined;
}

/**
 * @param masked positions that no token attends to; default: none
 * @throws SESSION_RUN ROW_FIELD_INVALID
 */
export const encodeChunk = async (
  encoder: TextEncoder,
  chunk: Chunk,
  masked: ReadonlySet<number> = NONE,
): Promise<EncodedChunk> => {
  const { config } = encoder;
  const ids = Int32Array.from(chunk, ({ id }) => id);
  const feeds: Feeds = {
    [CLIP.ids]: { integers: [...ids] },
    ...(config.projection === null ? {} : { [CLIP.endOfText]: { integers: [endOfText(ids, config.endOfText)] } }),
  };
  const isPlain = masked.size === 0 && chunk.every(({ vector }) => vector === null);
  const outputs = isPlain
    ? await encoder.session.run(feeds)
    : await (await extendedOf(encoder)).run({ ...feeds, ...embeddingFeeds(chunk, config.width, masked) });
  return { hidden: outputs[CLIP.hidden] as Tensor, pooled: outputs[CLIP.pooled] };
};

const NONE: ReadonlySet<number> = new Set();

const extendedOf = async ({ extended }: TextEncoder): Promise<Session> => {
  if (extended !== undefined) return openLate(extended, 'remove embeddings and weights below 1 from the prompt');
  throw new RefineError(
    'ROW_FIELD_INVALID',
    'An ONNX export supports neither embeddings nor Compel weights below 1. Remove them, or give the model as safetensors.',
  );
};

const embeddingFeeds = (chunk: Chunk, width: number, masked: ReadonlySet<number>): Feeds => {
  const vectors = new Float32Array(chunk.length * width);
  for (const [place, { vector }] of chunk.entries()) if (vector !== null) vectors.set(vector, place * width);
  return {
    [CLIP.tokenMask]: tensor(
      Float32Array.from(chunk, ({ vector }) => (vector === null ? 1 : 0)),
      [chunk.length, 1],
    ),
    [CLIP.embeddingVectors]: tensor(vectors, [chunk.length, width]),
    [CLIP.attentionMask]: tensor(
      Float32Array.from(chunk, (_, place) => (masked.has(place) ? MASKED_SCORE : 0)),
      [1, 1, 1, chunk.length],
    ),
  };
};
