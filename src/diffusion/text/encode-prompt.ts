/** Encodes prompts to the embeddings that condition the UNet. */
import { CLIP } from '../../models/networks/clip-text-encoder.js';
import type { ClipConfig } from '../../models/networks/clip-config.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

/** One CLIP text encoder with its tokenizer. */
export interface TextEncoder {
  config: ClipConfig;
  tokenizer: Tokenizer;
  session: Session;
  /** The network with inputs for embeddings and masks, opened at first use; absent for an ONNX export. */
  extended?: () => Promise<Session>;
  /** Textual inversions: vectors [width] by name in lower case. */
  embeddings?: ReadonlyMap<string, readonly Float32Array[]>;
}

export interface TextEmbeddings {
  /** f32 [B,77,width]: the hidden states of all encoders, concatenated. */
  hidden: Tensor;
  /** f32 [B,projection], of the last encoder. */
  pooled: Tensor;
}

/**
 * @param encoders one for the refiner, two for the base model; the last has a projection
 * @param prompts one per batch entry
 */
export const encodePrompts = async (
  encoders: readonly TextEncoder[],
  prompts: readonly string[],
): Promise<TextEmbeddings> => {
  const hiddens: Tensor[] = [];
  let pooled: Tensor | undefined;
  for (const { config, tokenizer, session } of encoders) {
    const ids = prompts.map((prompt) => tokenizer.encode(prompt));
    const ends = ids.map((row, index) => index * config.positions + endOfText(row, config.endOfText));
    const outputs = await session.run({
      [CLIP.ids]: { integers: ids.flatMap((row) => [...row]) },
      ...(config.projection === null ? {} : { [CLIP.endOfText]: { integers: ends } }),
    });
    hiddens.push(outputs[CLIP.hidden] as Tensor);
    pooled = outputs[CLIP.pooled];
  }
  if (pooled === undefined) throw new RangeError('the last text encoder has no projection');
  return { hidden: joinFeatures(hiddens), pooled };
};

/** The empty prompt of models trained with `force_zeros_for_empty_prompt`. */
export const zeroEmbeddings = ({ hidden, pooled }: TextEmbeddings): TextEmbeddings => ({
  hidden: tensor(new Float32Array(hidden.data.length), hidden.dims),
  pooled: tensor(new Float32Array(pooled.data.length), pooled.dims),
});

/**
 * Position of the end-of-text token, whose output is the pooled embedding. Old configurations have the wrong id 2, for which it is
 * the highest id (transformers models/clip/modeling_clip.py, `CLIPTextTransformer.forward`).
 */
export const endOfText = (ids: Int32Array, endId: number): number =>
  Math.max(0, ids.indexOf(endId === LEGACY_END_ID ? ids.reduce((a, b) => Math.max(a, b)) : endId));

const LEGACY_END_ID = 2;

/** [B,T,a] and [B,T,b] to [B,T,a+b]. */
export const joinFeatures = (parts: readonly Tensor[]): Tensor => {
  const [first] = parts;
  if (first === undefined) throw new RangeError('no text encoder');
  if (parts.length === 1) return first;
  const [batch = 0, tokens = 0] = first.dims;
  const widths = parts.map((part) => part.dims[2] ?? 0);
  const width = widths.reduce((a, b) => a + b);
  const joined = new Float32Array(batch * tokens * width);
  let start = 0;
  for (const [index, part] of parts.entries()) {
    const own = widths[index] ?? 0;
    for (let row = 0; row < batch * tokens; row++) {
      joined.set(part.data.subarray(row * own, (row + 1) * own), row * width + start);
    }
    start += own;
  }
  return tensor(joined, [batch, tokens, width]);
};
