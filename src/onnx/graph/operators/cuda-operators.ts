/**
 * CUDA: NHWC feature maps, in which its convolution and group normalization are fastest and tokens need no transpose (ONNX
 * Runtime 1.30, core/providers/cuda and contrib_ops/cuda).
 */
import type { Named, PlainValue, Value } from '../onnx/value.js';
import { MICROSOFT, MicrosoftOperators } from './microsoft-operators.js';
import type { ConvOptions, ConvWeight, LinearRows, NormOptions } from './operators.js';
import { NEAREST } from './standard-operators.js';

const TO_CHANNELS_LAST = { perm: [0, 2, 3, 1] };
const TO_CHANNELS_FIRST = { perm: [0, 3, 1, 2] };
/** Widths that BiasSplitGelu is compiled for (CUDA provider of ONNX Runtime 1.30.0); SDXL base and refiner have them. */
const SPLIT_GELU_WIDTHS = new Set([1280, 2560, 3072, 5120, 6144]);

export class CudaOperators extends MicrosoftOperators {
  /** Operands of `addPerChannel`, by its result: SkipGroupNorm does the addition itself. */
  readonly #perChannelSums = new Map<string, { x: Value; row: Value }>();

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
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride] };
    if (pads === undefined) {
      return this.graph.node(
        'NhwcConv',
        [x, nhwcWeight, bias],
        { ...attributes, pads: [same, same, same, same] },
        MICROSOFT,
      );
    }
    /* cuDNN pads both sides equally, so uneven padding is a separate node. */
    const [top, left, bottom, right] = pads;
    const padded = this.graph.node('Pad', [x, this.graph.integers([0, top, left, 0, 0, bottom, right, 0])]);
    return this.graph.node('NhwcConv', [padded, nhwcWeight, bias], { ...attributes, pads: [0, 0, 0, 0] }, MICROSOFT);
  }

  /** One matrix multiplication, and one kernel for bias, split, GELU and gate: this layer then needs far less memory. */
  override gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    if (!SPLIT_GELU_WIDTHS.has(inner)) return super.gatedGelu(x, inner, rows);
    const [weight, bias] = rows(0, 2 * inner);
    const wide = this.graph.node('Reshape', [this.linear(x, weight, null), this.graph.integers([1, -1, 2 * inner])]);
    const gated = this.graph.node('BiasSplitGelu', [wide, bias], {}, MICROSOFT);
    return this.graph.node('Reshape', [gated, this.graph.integers([-1, inner])]);
  }

  override groupNorm(x: Value, gamma: Value, beta: Value, { groups, epsilon, silu }: NormOptions): Value {
    const attributes = { groups, epsilon: { float: epsilon }, activation: silu ? 1 : 0, channels_last: 1 };
    /* The kernel takes gamma and beta in float32 in every precision. */
    const [gamma32, beta32] = [this.toFloat(gamma), this.toFloat(beta)];
    const sum = this.#perChannelSums.get(x.name);
    if (sum === undefined) return this.graph.node('GroupNorm', [x, gamma32, beta32], attributes, MICROSOFT);
    return this.graph.node('SkipGroupNorm', [sum.x, gamma32, beta32, sum.row], attributes, MICROSOFT);
  }

  /** Where only a norm follows, no node uses this sum, and ONNX Runtime removes it. */
  override addPerChannel(x: Value, row: Value): Value {
    const sum = this.add(x, this.graph.node('Unsqueeze', [row, this.graph.integers([1, 2])]));
    this.#perChannelSums.set(sum.name, { x, row });
    return sum;
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
    return this.graph.node('Reshape', [x, this.graph.integers([-1, channels])]);
  }

  override toFeatureMap(tokens: Value, like: Value): Value {
    return this.graph.node('Reshape', [tokens, this.graph.node('Shape', [like])]);
  }

  override upsample(x: Value): Value {
    const [one, two] = [this.graph.filled(1, 1), this.graph.filled(2, 2)];
    return this.graph.node('Resize', [x, null, this.graph.concat(one, two, one)], NEAREST);
  }

  override upsampleTo(x: Value, like: Value): Value {
    const dims = (value: Value, start: number, end: number): PlainValue =>
      this.graph.node('Shape', [value], { start, end });
    const size = this.graph.concat(dims(x, 0, 1), dims(like, 1, 3), dims(x, 3, 4));
    return this.graph.node('Resize', [x, null, null, size], NEAREST);
  }
}
