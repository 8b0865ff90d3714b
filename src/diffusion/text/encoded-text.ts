/** Encoded text, in every syntax. Types only. */
import type { Tensor } from '../../tensor/tensor.js';
import type { TextEncoder } from './encode-prompt.js';

/** One text, encoded by one text encoder. */
export interface EncodedText {
  /** f32 [1,77,width] for each chunk. */
  chunks: readonly Tensor[];
  /** f32 [1,projection]; undefined: the encoder has none. */
  pooled: Tensor | undefined;
  /** f32 [1,77,width] for missing chunks if another encoder has more; null: all encoders are truncated to the fewest chunks. */
  padding: Tensor | null;
}

/** Encodes different texts. @param counts occurrences of each text in its prompt's schedule */
export type EncodeTexts = (
  encoder: TextEncoder,
  texts: readonly string[],
  counts: readonly number[],
) => Promise<EncodedText[]>;
