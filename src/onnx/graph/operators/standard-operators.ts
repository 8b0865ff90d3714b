/**
 * Channels first, with operators of the ONNX standard alone: what every device family has. What differs on a family is in a
 * class that extends this one.
 */
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import type { ExternalTensor } from '../onnx/onnx-messages.js';
import type { AttentionOptions, ConvOptions, LinearRows, NormOptions, Operators } from './operators.js';
import type { Precision } from './target.js';

/** TensorProto.DataType */
const ONNX_FLOAT = 1;
const ONNX_FLOAT16 = 10;
export const NEAREST = {
  mode: 'nearest',
  nearest_mode: 'floor',
  coordinate_transformation_mode: 'asymmetric',
} as const;
/** Weight of a place that may not be seen: the most negative binary16, so that it has a value in both precisions. */
const UNSEEN = -65504;
const QUICK_GELU_SLOPE = 1.702;

export class StandardOperators implements Operators {
  constructor(
    readonly graph: GraphBuilder,
    protected readonly precision: Precision = 'fp32',
  ) {}

  pictureIn(name: string, dims: readonly (number | string)[]): Value {
    return this.rowsIn(name, dims);
  }

  pictureOut(picture: Value, name: string, dims: readonly (number | string)[]): void {
    this.rowsOut(picture, name, dims);
  }

  rowsIn(name: string, dims: readonly (number | string)[]): Value {
    return this.fromFloat(this.graph.input(name, 'F32', dims));
  }

  rowsOut(rows: Value, name: string, dims: readonly (number | string)[]): void {
    this.graph.output(this.toFloat(rows), name, dims);
  }

  weight(name: string, source: ExternalTensor): Value {
    const stored = this.graph.external(name, source);
    return source.dtype === this.elementType ? stored : this.graph.once(`cast:${name}`, () => this.cast(stored));
  }

  numbers(key: string, values: Float32Array, dims: readonly number[]): Value {
    return this.#ready(this.graph.floats(key, values, dims));
  }

  embedding(name: string, table: ExternalTensor, ids: Value): Value {
    return this.graph.node('Gather', [this.weight(name, table), ids], { axis: 0 });
  }

  conv(x: Value, weight: Value, bias: Value | null, { stride = 1, pads, kernel }: ConvOptions): Value {
    const same = (kernel - 1) / 2;
    return this.graph.node('Conv', [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: pads ?? [same, same, same, same],
    });
  }

  linear(x: Value, weight: Value, bias: Value | null): Value {
    return this.graph.node('Gemm', bias === null ? [x, weight] : [x, weight, bias], { transB: 1 });
  }

  /** As two layers over halves of the same bytes, which spares the copy that splitting the result of one would make. */
  gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    const values = this.linear(x, ...rows(0, inner));
    return this.multiply(values, this.gelu(this.linear(x, ...rows(inner, 2 * inner))));
  }

  /** As instance normalization of [B,groups,·]: on the CPU a third faster than the GroupNormalization operator. */
  groupNorm(x: Value, gamma: Value, beta: Value, { channels, groups, epsilon, silu }: NormOptions): Value {
    const grouped = this.graph.node('Reshape', [x, this.graph.integers([0, groups, -1])]);
    const normal = this.graph.node('InstanceNormalization', [grouped, this.filled(1, groups), this.filled(0, groups)], {
      epsilon: { float: epsilon },
    });
    const back = this.pictureAgain(this.graph.node('Reshape', [normal, this.graph.node('Shape', [x])]), channels);
    const perChannel = (v: Value): Value => this.graph.node('Reshape', [v, this.graph.integers([1, channels, 1, 1])]);
    const scaled = this.add(this.multiply(back, perChannel(gamma)), perChannel(beta));
    return silu ? this.silu(scaled) : scaled;
  }

  /** What has been reshaped to a picture of so many channels; its other dimensions are known when it runs. */
  protected pictureAgain(x: Value, _channels: number): Value {
    return x;
  }

  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return this.graph.node('LayerNormalization', [x, gamma, beta], { axis: -1, epsilon: { float: epsilon } });
  }

  /** In three steps, which holds the scores of all pairs of tokens at once. Queries are scaled first: fp16 ends at 65504. */
  attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value {
    const { channels, heads, causal, batch, unseen } = options;
    const width = channels / heads;
    const shape = this.graph.once(`heads:${batch.name}:${heads}:${width}`, () =>
      this.graph.join(batch, this.graph.integers([-1, heads, width])),
    );
    const byHead = (tokens: Value, perm: readonly number[]): Value =>
      this.graph.node('Transpose', [this.graph.node('Reshape', [tokens, shape])], { perm });
    const scaled = this.multiply(query, this.filled(1 / Math.sqrt(width), 1));
    const scores = this.graph.node('MatMul', [byHead(scaled, [0, 2, 1, 3]), byHead(key, [0, 2, 3, 1])]);
    const open = unseen === undefined ? scores : this.add(scores, unseen);
    const seen = causal ? this.add(open, this.#causalMask(open)) : open;
    const weights = this.graph.node('Softmax', [seen], { axis: -1 });
    const mixed = this.graph.node('MatMul', [weights, byHead(value, [0, 2, 1, 3])]);
    const tokens = this.graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] });
    return this.graph.node('Reshape', [tokens, this.graph.integers([-1, channels])]);
  }

  silu(x: Value): Value {
    return this.multiply(x, this.graph.node('Sigmoid', [x]));
  }

  gelu(x: Value): Value {
    return this.graph.node('Gelu', [x]);
  }

  quickGelu(x: Value): Value {
    const steep = this.multiply(x, this.filled(QUICK_GELU_SLOPE, 1));
    return this.multiply(x, this.graph.node('Sigmoid', [steep]));
  }

  add(a: Value, b: Value): Value {
    return this.graph.node('Add', [a, b]);
  }

  multiply(a: Value, b: Value): Value {
    return this.graph.node('Mul', [a, b]);
  }

  addToPixels(x: Value, row: Value): Value {
    return this.add(x, this.graph.node('Unsqueeze', [row, this.graph.integers([2, 3])]));
  }

  scaleChannels(x: Value, row: Value): Value {
    return this.multiply(x, this.graph.node('Unsqueeze', [row, this.graph.integers([2, 3])]));
  }

  scaleFirstHalf(x: Value, channels: number, gain: Value): Value {
    return this.multiply(
      x,
      this.graph.node('Reshape', [this.halfFactors(channels, gain), this.graph.integers([1, channels, 1, 1])]),
    );
  }

  addPatterns(x: Value, analysis: Value, synthesis: Value): Value {
    const flat = this.graph.node('Reshape', [x, this.graph.integers([0, 0, -1])]);
    const part = this.graph.node('MatMul', [this.graph.node('MatMul', [flat, analysis]), synthesis]);
    return this.add(x, this.graph.node('Reshape', [part, this.graph.node('Shape', [x])]));
  }

  concatChannels(a: Value, b: Value): Value {
    return this.graph.node('Concat', [a, b], { axis: 1 });
  }

  concatFeatures(a: Value, b: Value): Value {
    return this.graph.node('Concat', [a, b], { axis: -1 });
  }

  toTokens(x: Value, channels: number): Value {
    return this.graph.node('Reshape', [this.#channelsLast(x), this.graph.integers([-1, channels])]);
  }

  toPicture(tokens: Value, like: Value): Value {
    const shape = this.graph.node('Shape', [this.#channelsLast(like)]);
    return this.graph.node('Transpose', [this.graph.node('Reshape', [tokens, shape])], { perm: [0, 3, 1, 2] });
  }

  upsample(x: Value): Value {
    const scales = this.graph.join(this.graph.filled(1, 2), this.graph.filled(2, 2));
    return this.graph.node('Resize', [x, null, scales], NEAREST);
  }

  upsampleTo(x: Value, like: Value): Value {
    const own = this.graph.node('Shape', [x], { start: 0, end: 2 });
    const theirs = this.graph.node('Shape', [like], { start: 2, end: 4 });
    const size = this.graph.join(own, theirs);
    return this.graph.node('Resize', [x, null, null, size], NEAREST);
  }

  batchOf(x: Value): Value {
    return this.graph.once(`batch:${x.name}`, () => this.graph.node('Shape', [x], { start: 0, end: 1 }));
  }

  /** What the device computes with. */
  protected get elementType(): 'F32' | 'F16' {
    return this.precision === 'fp16' ? 'F16' : 'F32';
  }

  /** Any float to what the device computes with. */
  protected cast(x: Value): Value {
    return this.graph.node('Cast', [x], { to: this.elementType === 'F16' ? ONNX_FLOAT16 : ONNX_FLOAT });
  }

  protected fromFloat(x: Value): Value {
    return this.elementType === 'F32' ? x : this.cast(x);
  }

  protected toFloat(x: Value): Value {
    return this.elementType === 'F32' ? x : this.graph.node('Cast', [x], { to: ONNX_FLOAT });
  }

  /** `length` equal numbers, as the device computes with them. */
  protected filled(value: number, length: number): Value {
    return this.#ready(this.graph.filled(value, length));
  }

  #ready(numbers: Value): Value {
    return this.elementType === 'F32' ? numbers : this.graph.once(`cast:${numbers.name}`, () => this.cast(numbers));
  }

  /** [channels]: 1 + gain, and 1 in the second half. */
  protected halfFactors(channels: number, gain: Value): Value {
    const half = Float32Array.from({ length: channels }, (_, channel) => (channel < Math.floor(channels / 2) ? 1 : 0));
    const mask = this.fromFloat(this.graph.floats(`first half:${channels}`, half, [channels]));
    return this.add(this.multiply(mask, gain), this.filled(1, 1));
  }

  /** [S,S]: 0 where a token may see another, far below where it may not. */
  #causalMask(scores: Value): Value {
    const square = this.graph.node('Shape', [scores], { start: 2, end: 4 });
    const low = this.graph.node('Expand', [this.graph.filled(UNSEEN, 1), square]);
    return this.fromFloat(this.graph.node('Trilu', [low, this.graph.integer(1)], { upper: 1 }));
  }

  /** Once for each value: a transformer goes to tokens and back from the same picture. */
  #channelsLast(x: Value): Value {
    return this.graph.once(`nhwc:${x.name}`, () => this.graph.node('Transpose', [x], { perm: [0, 2, 3, 1] }));
  }
}
