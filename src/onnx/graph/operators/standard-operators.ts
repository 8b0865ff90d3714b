/**
 * NCHW feature maps and operators of the ONNX standard, which every device family has. Subclasses override operators that
 * their family computes faster.
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Named, PlainValue, Value } from '../onnx/value.js';
import type { ExternalTensor } from '../onnx/onnx-messages.js';
import type {
  AttentionOptions,
  ConvOptions,
  ConvWeight,
  LinearRows,
  LinearWeight,
  NormOptions,
  Operators,
} from './operators.js';
import type { Precision } from './target.js';

/** TensorProto.DataType */
const ONNX_FLOAT = 1;
const ONNX_FLOAT16 = 10;
export const NEAREST = {
  mode: 'nearest',
  nearest_mode: 'floor',
  coordinate_transformation_mode: 'asymmetric',
} as const;
/** Added to the attention scores of a masked position: the most negative binary16, with which softmax gives 0 in both precisions. */
export const MASKED_SCORE = -65504;
const QUICK_GELU_SLOPE = 1.702;

export class StandardOperators implements Operators {
  constructor(
    readonly graph: GraphBuilder,
    protected readonly precision: Precision = 'fp32',
  ) {}

  featureMapInput(name: string, dims: readonly (number | string)[]): Value {
    return this.tensorInput(name, dims);
  }

  featureMapOutput(featureMap: Value, name: string, dims: readonly (number | string)[]): void {
    this.tensorOutput(featureMap, name, dims);
  }

  tensorInput(name: string, dims: readonly (number | string)[]): PlainValue {
    return this.fromFloat(this.graph.input(name, 'F32', dims));
  }

  tensorOutput(value: Value, name: string, dims: readonly (number | string)[]): void {
    this.graph.output(this.toFloat(value), name, dims);
  }

  weight(name: string, source: ExternalTensor): PlainValue {
    const stored = this.graph.external(name, source);
    return source.dtype === this.elementType ? stored : this.graph.once(`cast:${name}`, () => this.cast(stored));
  }

  constant(key: string, values: Float32Array, dims: readonly number[]): PlainValue {
    return this.#inPrecision(this.graph.floats(key, values, dims));
  }

  embedding(name: string, table: ExternalTensor, ids: Named): PlainValue {
    return this.graph.node('Gather', [this.weight(name, table), ids], { axis: 0 });
  }

  conv(x: Value, weight: ConvWeight, bias: Named | null, { stride = 1, pads, kernel }: ConvOptions): Value {
    const same = (kernel - 1) / 2;
    return this.graph.node('Conv', [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: pads ?? [same, same, same, same],
    });
  }

  linear(x: Value, weight: LinearWeight, bias: Named | null): Value {
    return this.graph.node('Gemm', bias === null ? [x, weight] : [x, weight, bias], { transB: 1 });
  }

  /** Two layers over halves of the same weight: splitting the result of one layer would copy it. */
  gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    const values = this.linear(x, ...rows(0, inner));
    return this.multiply(values, this.gelu(this.linear(x, ...rows(inner, 2 * inner))));
  }

  /** InstanceNormalization of [B,groups,·]: on the CPU a third faster than GroupNormalization. */
  groupNorm(x: Value, gamma: Value, beta: Value, { channels, groups, epsilon, silu }: NormOptions): Value {
    const grouped = this.graph.node('Reshape', [x, this.graph.integers([0, groups, -1])]);
    const normalized = this.graph.node(
      'InstanceNormalization',
      [grouped, this.filled(1, groups), this.filled(0, groups)],
      {
        epsilon: { float: epsilon },
      },
    );
    const shape = this.graph.node('Shape', [x]);
    const featureMap = this.describeFeatureMap(this.graph.node('Reshape', [normalized, shape]), channels);
    const perChannel = (v: Value): PlainValue =>
      this.graph.node('Reshape', [v, this.graph.integers([1, channels, 1, 1])]);
    const scaled = this.add(this.multiply(featureMap, perChannel(gamma)), perChannel(beta));
    return silu ? this.silu(scaled) : scaled;
  }

  /** Called on a feature map whose shape was computed at run. */
  protected describeFeatureMap(x: PlainValue, _channels: number): PlainValue {
    return x;
  }

  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return this.graph.node('LayerNormalization', [x, gamma, beta], { axis: -1, epsilon: { float: epsilon } });
  }

  /** In three steps, with the scores of all pairs of tokens in memory. Queries are scaled first: scores could exceed fp16's 65504. */
  attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value {
    const { channels, heads, causal, batch, attentionMask } = options;
    const width = channels / heads;
    const shape = this.graph.once(`heads:${batch.name}:${heads}:${width}`, () =>
      this.graph.concat(batch, this.graph.integers([-1, heads, width])),
    );
    const byHead = (tokens: Value, perm: readonly number[]): Value =>
      this.graph.node('Transpose', [this.graph.node('Reshape', [tokens, shape])], { perm });
    const scaled = this.multiply(query, this.filled(1 / Math.sqrt(width), 1));
    const scores = this.graph.node('MatMul', [byHead(scaled, [0, 2, 1, 3]), byHead(key, [0, 2, 3, 1])]);
    const masked = attentionMask === undefined ? scores : this.add(scores, attentionMask);
    const causallyMasked = causal ? this.add(masked, this.#causalMask(masked)) : masked;
    const probabilities = this.graph.node('Softmax', [causallyMasked], { axis: -1 });
    const attended = this.graph.node('MatMul', [probabilities, byHead(value, [0, 2, 1, 3])]);
    const tokens = this.graph.node('Transpose', [attended], { perm: [0, 2, 1, 3] });
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

  multiply(a: Value, b: Value): PlainValue {
    return this.graph.node('Mul', [a, b]);
  }

  addPerChannel(x: Value, row: Value): Value {
    return this.add(x, this.graph.node('Unsqueeze', [row, this.graph.integers([2, 3])]));
  }

  scaleChannels(x: Value, row: Value): Value {
    return this.multiply(x, this.graph.node('Unsqueeze', [row, this.graph.integers([2, 3])]));
  }

  scaleFirstHalf(x: Value, channels: number, gain: Value): Value {
    return this.multiply(
      x,
      this.graph.node('Reshape', [this.firstHalfFactors(channels, gain), this.graph.integers([1, channels, 1, 1])]),
    );
  }

  addSpatialProjection(x: Value, analysis: Value, synthesis: Value): Value {
    const flat = this.graph.node('Reshape', [x, this.graph.integers([0, 0, -1])]);
    const projected = this.graph.node('MatMul', [this.graph.node('MatMul', [flat, analysis]), synthesis]);
    return this.add(x, this.graph.node('Reshape', [projected, this.graph.node('Shape', [x])]));
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

  toFeatureMap(tokens: Value, like: Value): Value {
    const shape = this.graph.node('Shape', [this.#channelsLast(like)]);
    return this.graph.node('Transpose', [this.graph.node('Reshape', [tokens, shape])], { perm: [0, 3, 1, 2] });
  }

  upsample(x: Value): Value {
    const scales = this.graph.concat(this.graph.filled(1, 2), this.graph.filled(2, 2));
    return this.graph.node('Resize', [x, null, scales], NEAREST);
  }

  upsampleTo(x: Value, like: Value): Value {
    const batchAndChannels = this.graph.node('Shape', [x], { start: 0, end: 2 });
    const sides = this.graph.node('Shape', [like], { start: 2, end: 4 });
    const size = this.graph.concat(batchAndChannels, sides);
    return this.graph.node('Resize', [x, null, null, size], NEAREST);
  }

  batchSize(x: Value): PlainValue {
    return this.graph.once(`batch:${x.name}`, () => this.graph.node('Shape', [x], { start: 0, end: 1 }));
  }

  /** Precision of the arithmetic. */
  protected get elementType(): 'F32' | 'F16' {
    return this.precision === 'fp16' ? 'F16' : 'F32';
  }

  /** Casts any float to the precision of the arithmetic. */
  protected cast(x: Named): PlainValue {
    return this.graph.node('Cast', [x], { to: this.elementType === 'F16' ? ONNX_FLOAT16 : ONNX_FLOAT });
  }

  protected fromFloat(x: PlainValue): PlainValue {
    return this.elementType === 'F32' ? x : this.cast(x);
  }

  protected toFloat(x: Value): Value {
    return this.elementType === 'F32' ? x : this.graph.node('Cast', [x], { to: ONNX_FLOAT });
  }

  /** `length` equal numbers, in the precision of the arithmetic. */
  protected filled(value: number, length: number): PlainValue {
    return this.#inPrecision(this.graph.filled(value, length));
  }

  #inPrecision(numbers: PlainValue): PlainValue {
    return this.elementType === 'F32' ? numbers : this.graph.once(`cast:${numbers.name}`, () => this.cast(numbers));
  }

  /** [channels]: 1 + gain, and 1 in the second half. */
  protected firstHalfFactors(channels: number, gain: Value): Value {
    const half = Float32Array.from({ length: channels }, (_, channel) => (channel < Math.floor(channels / 2) ? 1 : 0));
    const mask = this.fromFloat(this.graph.floats(`first half:${channels}`, half, [channels]));
    return this.add(this.multiply(mask, gain), this.filled(1, 1));
  }

  /** [S,S]: 0 where a token may attend to another, else MASKED_SCORE. */
  #causalMask(scores: Named): PlainValue {
    const square = this.graph.node('Shape', [scores], { start: 2, end: 4 });
    const masked = this.graph.node('Expand', [this.graph.filled(MASKED_SCORE, 1), square]);
    return this.fromFloat(this.graph.node('Trilu', [masked, this.graph.integerScalar(1)], { upper: 1 }));
  }

  /** Once for each value: a transformer turns one feature map into tokens and its output back into that shape. */
  #channelsLast(x: Value): PlainValue {
    return this.graph.once(`nhwc:${x.name}`, () => this.graph.node('Transpose', [x], { perm: [0, 2, 3, 1] }));
  }
}
