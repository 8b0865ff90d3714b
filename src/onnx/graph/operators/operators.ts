/**
 * The operators of the networks. A network is written once against this interface; each device family implements it in its
 * fastest way (lowerings.ts), and chooses the memory layout: callers never inspect a value.
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { ExternalTensor } from '../onnx/onnx-messages.js';
import type { Named, PlainValue, Value } from '../onnx/value.js';

export interface ConvOptions {
  stride?: 1 | 2;
  /** [top, left, bottom, right]; default: same padding at stride 1. */
  pads?: readonly [number, number, number, number];
  /** Side of the square kernel. */
  kernel: 1 | 3;
  /** [in, out] */
  channels?: readonly [number, number];
  /** A Winograd convolution processes large feature maps in row strips. */
  inRowStrips?: boolean;
}

export interface NormOptions {
  channels: number;
  groups: number;
  epsilon: number;
  /** SiLU after the norm, as in a ResNet block. */
  silu: boolean;
}

export interface AttentionOptions {
  channels: number;
  heads: number;
  /** Each token attends to itself and to earlier tokens only. */
  causal: boolean;
  /** Batch size, as [1] int64. */
  batch: Named;
  /** [B,1,1,T], added to the scores of every query; strongly negative at masked positions. */
  attentionMask?: Value | undefined;
}

/** A slice of a linear layer: weight [end-start,in] and bias [end-start]. */
export type LinearRows = (start: number, end: number) => readonly [weight: LinearWeight, bias: PlainValue];

/** A linear layer's weight, tagged by layout. */
export type LinearWeight =
  /** [out,in]; `features` [in,out] where it multiplies many tokens. */
  | (PlainValue & { readonly features?: readonly [number, number] })
  /** int8 [in,out]: weight = value × scale of its output [out]. */
  | { readonly layout: 'int8'; readonly name: string; readonly scales: PlainValue }
  /** [out,in,1,1] in the NCHWc layout (cpu/nchwc-tokens.ts). */
  | { readonly layout: 'nchwc'; readonly name: string; readonly features: readonly [number, number] };

/**
 * A convolution's weight, tagged by layout: [out,in,k,k] `plain`, in the NCHWc layout, or to be transformed for Winograd at
 * each run; [36·out,in,1,1] already transformed (cpu/winograd.ts).
 */
export interface ConvWeight {
  readonly layout: 'plain' | 'nchwc' | 'winograd at run' | 'winograd';
  readonly name: string;
}

/** Feature maps are [B,C,H,W] to the caller, tokens are [B·S,C]. Inputs and outputs are float32 in every precision. */
export interface Operators {
  readonly graph: GraphBuilder;
  /** Declares a float32 input [B,C,H,W]. @returns it in the device's layout and precision */
  featureMapInput(name: string, dims: readonly (number | string)[]): Value;
  /** Declares a float32 output [B,C,H,W]. */
  featureMapOutput(featureMap: Value, name: string, dims: readonly (number | string)[]): void;
  /** Declares a float32 input that is not a feature map. */
  tensorInput(name: string, dims: readonly (number | string)[]): PlainValue;
  tensorOutput(value: Value, name: string, dims: readonly (number | string)[]): void;
  /** A weight in the precision of the arithmetic, whatever its stored precision. */
  weight(name: string, source: ExternalTensor): PlainValue;
  /** Looks up rows of an embedding table. @param ids int64 [n] @returns [n,C] */
  embedding(name: string, table: ExternalTensor, ids: Named): Value;
  /** float32 numbers from memory, in the precision of the arithmetic. @param key unique in the graph */
  constant(key: string, values: Float32Array, dims: readonly number[]): PlainValue;
  conv(x: Value, weight: ConvWeight, bias: Named | null, options: ConvOptions): Value;
  /** @param bias [out], or [n,out] */
  linear(x: Value, weight: LinearWeight, bias: Named | null): Value;
  /**
   * GEGLU: values·gelu(gates), [B·S,inner], from a linear layer whose first `inner` outputs are values and the others gates.
   * @param rows weight and bias of the layer's outputs `start` up to `end`
   */
  gatedGelu(x: Value, inner: number, rows: LinearRows): Value;
  groupNorm(x: Value, gamma: Value, beta: Value, options: NormOptions): Value;
  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value;
  /** softmax(QKᵀ/√d)V by head, within each batch entry. @param query, key, value [B·S,C], [B·T,C], [B·T,C] */
  attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value;
  silu(x: Value): Value;
  /** Exact, by the error function. */
  gelu(x: Value): Value;
  /** x·sigmoid(1.702x), as in OpenAI's CLIP. */
  quickGelu(x: Value): Value;
  add(a: Value, b: Value): Value;
  multiply(a: Value, b: Value): PlainValue;
  /** Adds a row [B,C] to every pixel of a feature map. */
  addPerChannel(x: Value, row: Value): Value;
  /** Multiplies every pixel of a feature map by a row [B,C]. */
  scaleChannels(x: Value, row: Value): Value;
  /** Multiplies the first half of a feature map's channels by 1 + gain. @param gain [1] */
  scaleFirstHalf(x: Value, channels: number, gain: Value): Value;
  /** Adds x·analysis·synthesis to each channel x of a feature map. @param analysis [H·W,n] @param synthesis [n,H·W] */
  addSpatialProjection(x: Value, analysis: Value, synthesis: Value): Value;
  concatChannels(a: Value, b: Value): Value;
  concatFeatures(a: Value, b: Value): Value;
  /** Feature map to tokens, one per pixel. */
  toTokens(x: Value, channels: number): Value;
  /** Tokens to a feature map of the size of `like`. */
  toFeatureMap(tokens: Value, like: Value): Value;
  /** Nearest-neighbour, to twice the size. */
  upsample(x: Value): Value;
  /** Nearest-neighbour, to the height and width of `like`. */
  upsampleTo(x: Value, like: Value): Value;
  /** The first dimension, as [1] int64. */
  batchSize(x: Value): PlainValue;
}
