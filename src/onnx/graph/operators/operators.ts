/**
 * What a network asks of a device family. Networks are written once against this; each family says in one file how it is
 * fast at these (`cpu-operators.ts`, `cuda-operators.ts`, …). Layout is the family's own: a picture-like value is opaque between operators.
 */
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import type { ExternalTensor } from '../onnx/onnx-messages.js';

export interface ConvOptions {
  stride?: 1 | 2;
  /** [top, left, bottom, right]; default: what keeps the size at stride 1. */
  pads?: readonly [number, number, number, number];
  /** Side of the square kernel. */
  kernel: 1 | 3;
  /** [in, out] */
  channels?: readonly [number, number];
  /** Minimal filtering, if it is done, goes over large pictures in bands. */
  inBands?: boolean;
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
  /** [B,1,1,T], added to the scores of every query: far below 0 where nobody looks. */
  unseen?: Value | undefined;
}

/** Weight [end-start,in] and bias [end-start] of a part of a linear layer. */
export type LinearRows = (start: number, end: number) => readonly [weight: Matrix, bias: Value];

/**
 * A linear layer's weight [out,in]; with scales it is int8 [in,out], and the weight is value × scale of its output [out]; blocked it
 * is [out,in,1,1], for features in blocks (blocked-layout.ts).
 */
export interface Matrix extends Value {
  readonly scales?: Value;
  readonly layout?: 'blocked';
  /** [in, out], where it meets many tokens. */
  readonly features?: readonly [number, number];
}

/** A convolution's weight [out,in,k,k]; transformed for minimal filtering [36·out,in,1,1] (winograd.ts), blocked for channels in blocks. */
export interface Kernel extends Value {
  /** `to transform`: stored as it is, and faster transformed where the device has minimal filtering. */
  readonly layout?: 'transformed' | 'to transform' | 'blocked';
}

/** Pictures are [B,C,H,W] to the caller, tokens are [B·S,C]. Inputs and outputs are float32 whatever is computed with. */
export interface Operators {
  readonly graph: GraphBuilder;
  /** Declares an input [B,C,H,W] of float32. @returns a picture, in the layout and precision of the device */
  pictureIn(name: string, dims: readonly (number | string)[]): Value;
  /** Declares a picture an output [B,C,H,W] of float32. */
  pictureOut(picture: Value, name: string, dims: readonly (number | string)[]): void;
  /** Declares an input of float32 that is no picture. */
  rowsIn(name: string, dims: readonly (number | string)[]): Value;
  rowsOut(rows: Value, name: string, dims: readonly (number | string)[]): void;
  /** A weight, ready for arithmetic whatever its stored precision. */
  weight(name: string, source: ExternalTensor): Value;
  /** Rows of an embedding table. @param ids int64 [n] @returns [n,C] */
  embedding(name: string, table: ExternalTensor, ids: Value): Value;
  /** float32 numbers that lie in no file, ready for arithmetic. @param key tells them from every other */
  numbers(key: string, values: Float32Array, dims: readonly number[]): Value;
  conv(x: Value, weight: Kernel, bias: Value | null, options: ConvOptions): Value;
  /** @param bias [out], or [n,out] to add to the product */
  linear(x: Value, weight: Matrix, bias: Value | null): Value;
  /**
   * GEGLU: a linear layer whose upper half are values and whose lower half are their gates, values·gelu(gates), [B·S,inner].
   * @param rows weight and bias of the layer's outputs `start` up to `end`
   */
  gatedGelu(x: Value, inner: number, rows: LinearRows): Value;
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
  /** Multiplies every pixel of a picture by a row [B,C]. */
  scaleChannels(x: Value, row: Value): Value;
  /** Multiplies the first half of a picture's channels by 1 + gain. @param gain [1] */
  scaleFirstHalf(x: Value, channels: number, gain: Value): Value;
  /** Adds to each channel its part along some patterns. @param analysis [H·W,n] @param synthesis [n,H·W], with their weights */
  addPatterns(x: Value, analysis: Value, synthesis: Value): Value;
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
