/** What every syntax makes of prompts. Types only. */
import type { Tensor } from '../../tensor/tensor.js';
import type { TextEncoder } from './encode-prompt.js';

/** What one encoder gives for one text. */
export interface EncodedText {
  /** f32 [1,77,width], one a chunk. */
  chunks: readonly Tensor[];
  /** f32 [1,projection]; undefined: the encoder has none. */
  pooled: Tensor | undefined;
  /** f32 [1,77,width]: what stands for chunks that the text does not have; null: texts are cut to the shorter encoder's. */
  filler: Tensor | null;
}

/** Different texts through one encoder. @param counts how often each is in its prompt */
export type EncodeTexts = (
  encoder: TextEncoder,
  texts: readonly string[],
  counts: readonly number[],
) => Promise<EncodedText[]>;
