/**
 * What a network asks of a device family. Networks are written once against this; each family says in one file how it is
 * fast at these (`cpu-operators.ts`). Layout is the family's own: a picture-like value is opaque between operators.
 */
import type { ExternalTensor, GraphBuilder, Value } from './graph-builder.js';

export interface ConvOptions {
  stride?: 1 | 2;
  /** [top, left, bottom, right]; default: what keeps the size at stride 1. */
  pads?: readonly [number, number, number, number];
  /** Side of the square kernel. */
  kernel: 1 | 3;
}

export interface NormOptions {
  channels: number;
  groups: number;
  epsilon: number;
  /** SiLU after the norm, as a ResNet block has it. */
  silu: boolean;
}

export interface AttentionOptions {
  channels: number;
  heads: number;
  /** Each position sees itself and those before it. */
  causal: boolean;
  /** Batch size, as [1] int64. */
  batch: Value;
}

/** Pictures are [B,C,H,W] to the caller, tokens are [B·S,C]. All values are float32 to the caller. */
export interface Operators {
  readonly graph: GraphBuilder;
  /** A weight, ready for arithmetic whatever its stored precision. */
  weight(name: string, source: ExternalTensor): Value;
  /** Rows of an embedding table. @param ids int64 [n] @returns [n,C] */
  embedding(name: string, table: ExternalTensor, ids: Value): Value;
  conv(x: Value, weight: Value, bias: Value, options: ConvOptions): Value;
  /** @param weight [out,in] */
  linear(x: Value, weight: Value, bias: Value | null): Value;
  groupNorm(x: Value, gamma: Value, beta: Value, options: NormOptions): Value;
  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value;
  /** Softmax(QKᵀ/√d)V by head over tokens of one batch entry. @param query, key, value [B·S,C], [B·T,C], [B·T,C] */
  attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value;
  silu(x: Value): Value;
  /** Exact, by the error function. */
  gelu(x: Value): Value;
  /** x·sigmoid(1.702x), as OpenAI's CLIP has it. */
  quickGelu(x: Value): Value;
  add(a: Value, b: Value): Value;
  multiply(a: Value, b: Value): Value;
  /** Adds a row [B,C] to every pixel of a picture. */
  addToPixels(x: Value, row: Value): Value;
  concatChannels(a: Value, b: Value): Value;
  concatFeatures(a: Value, b: Value): Value;
  /** Picture to tokens. */
  toTokens(x: Value, channels: number): Value;
  /** Tokens back to a picture of the size of `like`. */
  toPicture(tokens: Value, like: Value): Value;
  /** Nearest-neighbour, to twice the size. */
  upsample(x: Value): Value;
  /** Nearest-neighbour, to the height and width of `like`. */
  upsampleTo(x: Value, like: Value): Value;
  /** First dimension, as [1] int64. */
  batchOf(x: Value): Value;
}
