import { tensor, type Tensor } from '../../../tensor/tensor.js';
import type { Chunk } from '../token-chunks.js';

/**
 * Moves each token's hidden state away from that of an empty prompt: empty + weight · (token - empty), for weights other than 1.
 * Source: comfyanonymous/ComfyUI comfy/sd1_clip.py at 00728eb2, `encode_token_weights`; damian0815/compel
 * src/compel/embeddings_provider.py at c60b9fbc, `build_weighted_embedding_tensor`.
 * @param hidden, empty f32 [1,77,width] @returns `hidden`, or a changed copy if a weight is not 1
 */
export const interpolateFromEmpty = (chunk: Chunk, hidden: Tensor, empty: Tensor): Tensor => {
  if (chunk.every(({ weight }) => weight === 1)) return hidden;
  const width = hidden.dims[2] ?? 0;
  const weighted = hidden.data.slice();
  for (const [place, { weight }] of chunk.entries()) {
    if (weight === 1) continue;
    for (let i = place * width; i < (place + 1) * width; i++) {
      const nothing = empty.data[i] ?? 0;
      weighted[i] = nothing + Math.fround(weight * Math.fround((hidden.data[i] ?? 0) - nothing));
    }
  }
  return tensor(weighted, hidden.dims);
};
