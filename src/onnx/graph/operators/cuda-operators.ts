/**
 * CUDA: NHWC feature maps, in which its convolution and group normalization are fastest, and tokens [B,S,C], which then have
 * the same bytes (ONNX Runtime 1.30, core/providers/cuda and contrib_ops/cuda). Its convolution and Gemm add a bias in a separate
 * kernel, so here that addition is a node, which a following residual sum or norm replaces.
 */
import type { Named, PlainValue, Value } from '../onnx/value.js';
import { MICROSOFT, MicrosoftOperators } from './microsoft-operators.js';
import type { AttentionOptions, ConvOptions, ConvWeight, LinearRows, LinearWeight, NormOptions } from './operators.js';
import { NEAREST } from './standard-operators.js';

const TO_CHANNELS_LAST = { perm: [0, 2, 3, 1] };
const TO_CHANNELS_FIRST = { perm: [0, 3, 1, 2] };
/** Widths that BiasSplitGelu is compiled for (CUDA provider of ONNX Runtime 1.30.0); SDXL base and refiner have them. */
const SPLIT_GELU_WIDTHS = new Set([1280, 2560, 3072, 5120, 6144]);

/** x + skip + bias, which SkipGroupNorm can compute. */
interface Sum {
  x: Value;
  /** [B,H,W,C], or a row [B,C] that is added to every pixel. */
  skip: Value;
  bias: Named | null;
}

export class CudaOperators extends MicrosoftOperators {
  /** Tokens [B,S,C], by name; all others are [B·S,C]. */
  readonly #sequences = new Map<string, PlainValue>();
  /** Terms of each addition of a bias [C], by the name of the result. */
  readonly #biased = new Map<string, { x: Value; bias: Named }>();
  /** Residual sums by the name of the result. */
  readonly #residualSums = new Map<string, Sum>();
  readonly #rowSums = new Map<string, Sum>();

  override featureMapInput(name: string, dims: readonly (number | string)[]): Value {
    return this.graph.node('Transpose', [super.featureMapInput(name, dims)], TO_CHANNELS_LAST);
  }

  override featureMapOutput(featureMap: Value, name: string, dims: readonly (number | string)[]): void {
    super.featureMapOutput(this.graph.node('Transpose', [featureMap], TO_CHANNELS_FIRST), name, dims);
  }

  /** The weight is transposed to [out,height,width,in] once, when the graph is opened. */
  override conv(x: Value, weight: ConvWeight, bias: Named | null, { stride = 1, pads, kernel }: ConvOptions): Value {
    const same = (kernel - 1) / 2;
    const nhwcWeight = this.graph.once(`nhwc:${weight.name}`, () =>
      this.graph.node('Transpose', [weight], TO_CHANNELS_LAST),
    );
    const convolve = (input: Value, sides: readonly number[]): PlainValue =>
      this.graph.node(
        'NhwcConv',
        [input, nhwcWeight],
        { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: sides },
        MICROSOFT,
      );
    if (pads === undefined) return this.#addBias(convolve(x, [same, same, same, same]), bias);
    /* cuDNN pads both sides equally, so uneven padding is a separate node. */
    const [top, left, bottom, right] = pads;
    const padded = this.graph.node('Pad', [x, this.graph.integers([0, top, left, 0, 0, bottom, right, 0])]);
    return this.#addBias(convolve(padded, [0, 0, 0, 0]), bias);
  }

  override linear(x: Value, weight: LinearWeight, bias: Named | null): Value {
    const y = this.#like(x, this.graph.node('FusedMatMul', [x, weight], { transB: 1 }, MICROSOFT));
    const tokens = this.#sequences.get(bias?.name ?? '');
    return tokens === undefined ? this.#addBias(y, bias) : this.add(y, tokens);
  }

  #addBias(x: PlainValue, bias: Named | null): PlainValue {
    if (bias === null) return x;
    const sum = this.#like(x, this.graph.node('Add', [x, bias]));
    this.#biased.set(sum.name, { x, bias });
    return sum;
  }

  /** One matrix multiplication, and one kernel for bias, split, GELU and gate, which needs far less memory. */
  override gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    if (!SPLIT_GELU_WIDTHS.has(inner) || !this.#sequences.has(x.name)) return super.gatedGelu(x, inner, rows);
    const [weight, bias] = rows(0, 2 * inner);
    return this.#sequence(this.graph.node('BiasSplitGelu', [this.linear(x, weight, null), bias], {}, MICROSOFT));
  }

  override groupNorm(x: Value, gamma: Value, beta: Value, options: NormOptions): Value {
    const { channels, groups, epsilon, silu } = options;
    if ((channels / groups) % 2 !== 0) {
      /* The kernel processes two channels of a group at a time. */
      const nchw = this.graph.node('Transpose', [x], TO_CHANNELS_FIRST);
      return this.graph.node('Transpose', [super.groupNorm(nchw, gamma, beta, options)], TO_CHANNELS_LAST);
    }
    const attributes = { groups, epsilon: { float: epsilon }, activation: silu ? 1 : 0, channels_last: 1 };
    /* The kernel requires gamma and beta in float32 in every precision. */
    const [gamma32, beta32] = [this.toFloat(gamma), this.toFloat(beta)];
    const inputsOf = ({ x: first, skip, bias }: Sum): Named[] => [
      first,
      gamma32,
      beta32,
      skip,
      ...(bias === null ? [] : [bias]),
    ];
    const residual = this.#residualSums.get(x.name);
    if (residual !== undefined) {
      this.#residualSums.delete(x.name);
      return this.graph.replaceNode(x, 'SkipGroupNorm', inputsOf(residual), { ...attributes, domain: MICROSOFT });
    }
    const sum = this.#rowSums.get(x.name) ?? this.#asRowSum(x, channels);
    if (sum === undefined) return this.graph.node('GroupNorm', [x, gamma32, beta32], attributes, MICROSOFT);
    return this.graph.node('SkipGroupNorm', inputsOf(sum), attributes, MICROSOFT);
  }

  /** The previous layer's bias as a row for each picture. */
  #asRowSum(x: Value, channels: number): Sum | undefined {
    const biased = this.#biased.get(x.name);
    if (biased === undefined) return undefined;
    const dims = this.graph.concat(this.batchSize(biased.x), this.graph.integers([channels]));
    return { x: biased.x, skip: this.graph.node('Expand', [biased.bias, dims]), bias: null };
  }

  override add(a: Value, b: Value): Value {
    const [x, skip] = this.#biased.has(b.name) ? [b, a] : [a, b];
    const biased = this.#biased.get(x.name);
    if (biased !== undefined && this.#sequences.has(a.name) && this.#sequences.has(b.name)) {
      return this.#sequence(this.graph.node('BiasAdd', [biased.x, biased.bias, skip], {}, MICROSOFT));
    }
    const sum = this.#like(a, super.add(a, b));
    this.#residualSums.set(sum.name, { x: biased?.x ?? x, skip, bias: biased?.bias ?? null });
    return sum;
  }

  /** If only a norm follows, no node uses this sum, and the graph omits it. */
  override addPerChannel(x: Value, row: Value): Value {
    const sum = super.add(x, this.graph.node('Unsqueeze', [row, this.graph.integers([1, 2])]));
    const biased = this.#biased.get(x.name);
    this.#rowSums.set(sum.name, { x: biased?.x ?? x, skip: row, bias: biased?.bias ?? null });
    return sum;
  }

  override multiply(a: Value, b: Value): PlainValue {
    return this.#like(a, super.multiply(a, b));
  }

  override layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return this.#like(x, super.layerNorm(x, gamma, beta, epsilon));
  }

  override gelu(x: Value): Value {
    return this.#like(x, super.gelu(x));
  }

  override scaleChannels(x: Value, row: Value): Value {
    return this.multiply(x, this.graph.node('Unsqueeze', [row, this.graph.integers([1, 2])]));
  }

  override scaleFirstHalf(x: Value, channels: number, gain: Value): Value {
    return this.multiply(x, this.firstHalfFactors(channels, gain));
  }

  override addSpatialProjection(x: Value, analysis: Value, synthesis: Value): Value {
    const nchw = this.graph.node('Transpose', [x], TO_CHANNELS_FIRST);
    return this.graph.node('Transpose', [super.addSpatialProjection(nchw, analysis, synthesis)], TO_CHANNELS_LAST);
  }

  override concatChannels(a: Value, b: Value): Value {
    return this.concatFeatures(a, b);
  }

  override toTokens(x: Value, channels: number): Value {
    return this.#sequence(this.graph.node('Reshape', [x, this.graph.integers([0, -1, channels])]));
  }

  override toFeatureMap(tokens: Value, like: Value): Value {
    const shape = this.graph.node('Shape', [like]);
    const reshape = (value: Value): PlainValue => this.graph.node('Reshape', [value, shape]);
    const biased = this.#biased.get(tokens.name);
    return biased === undefined ? reshape(tokens) : this.#addBias(reshape(biased.x), biased.bias);
  }

  protected override sequences(tokens: Value, options: AttentionOptions): PlainValue {
    return this.#sequences.get(tokens.name) ?? super.sequences(tokens, options);
  }

  /** [B,S,C] if the queries were. */
  protected override fromSequences(attended: PlainValue, channels: number, query: Value): Value {
    return this.#sequences.has(query.name) ? this.#sequence(attended) : super.fromSequences(attended, channels, query);
  }

  override upsample(x: Value): Value {
    const [unit, double] = [this.graph.filled(1, 1), this.graph.filled(2, 2)];
    return this.graph.node('Resize', [x, null, this.graph.concat(unit, double, unit)], NEAREST);
  }

  override upsampleTo(x: Value, like: Value): Value {
    const dims = (value: Value, start: number, end: number): PlainValue =>
      this.graph.node('Shape', [value], { start, end });
    const size = this.graph.concat(dims(x, 0, 1), dims(like, 1, 3), dims(x, 3, 4));
    return this.graph.node('Resize', [x, null, null, size], NEAREST);
  }

  #sequence({ name }: Value): PlainValue {
    const tokens = { name, layout: 'plain' } as const;
    this.#sequences.set(name, tokens);
    return tokens;
  }

  /** Records that `y` is tokens [B,S,C] if `x` is. */
  #like<T extends Value>(x: Value, y: T): T | PlainValue {
    return this.#sequences.has(x.name) ? this.#sequence(y) : y;
  }
}
