/**
 * CUDA: channels last, which makes tokens of a picture for free and is what its convolution and group normalization are
 * fast at (ONNX Runtime 1.30, core/providers/cuda and contrib_ops/cuda).
 */
import type { Value } from '../onnx/graph-builder.js';
import { MICROSOFT, MicrosoftOperators } from './microsoft-operators.js';
import type { ConvOptions, LinearRows, NormOptions } from './operators.js';
import { NEAREST } from './standard-operators.js';

const TO_CHANNELS_LAST = { perm: [0, 2, 3, 1] };
const TO_CHANNELS_FIRST = { perm: [0, 3, 1, 2] };
/** Widths that BiasSplitGelu was compiled for (its kernels in the CUDA provider of 1.30.0): base and refiner are among them. */
const SPLIT_GELU_WIDTHS = new Set([1280, 2560, 3072, 5120, 6144]);

export class CudaOperators extends MicrosoftOperators {
  /** Pictures that a row was added to: the norm behind them adds it itself. */
  readonly #sums = new Map<string, { x: Value; row: Value }>();

  override pictureIn(name: string, dims: readonly (number | string)[]): Value {
    return this.graph.node('Transpose', [super.pictureIn(name, dims)], TO_CHANNELS_LAST);
  }

  override pictureOut(picture: Value, name: string, dims: readonly (number | string)[]): void {
    super.pictureOut(this.graph.node('Transpose', [picture], TO_CHANNELS_FIRST), name, dims);
  }

  /** The weight is turned to [out,height,width,in] once, when the graph is opened. */
  override conv(x: Value, weight: Value, bias: Value | null, { stride = 1, pads, kernel }: ConvOptions): Value {
    const same = (kernel - 1) / 2;
    const turned = this.graph.once(`nhwc:${weight.name}`, () =>
      this.graph.node('Transpose', [weight], TO_CHANNELS_LAST),
    );
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride] };
    if (pads === undefined) {
      return this.graph.node(
        'NhwcConv',
        [x, turned, bias],
        { ...attributes, pads: [same, same, same, same] },
        MICROSOFT,
      );
    }
    /* cuDNN pads both sides alike, so uneven padding is a step of its own. */
    const [top, left, bottom, right] = pads;
    const padded = this.graph.node('Pad', [x, this.graph.integers([0, top, left, 0, 0, bottom, right, 0])]);
    return this.graph.node('NhwcConv', [padded, turned, bias], { ...attributes, pads: [0, 0, 0, 0] }, MICROSOFT);
  }

  /** One product, and one kernel for bias, split, gelu and gate: it spares most of the memory of this layer. */
  override gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    if (!SPLIT_GELU_WIDTHS.has(inner)) return super.gatedGelu(x, inner, rows);
    const [weight, bias] = rows(0, 2 * inner);
    const wide = this.graph.node('Reshape', [this.linear(x, weight, null), this.graph.integers([1, -1, 2 * inner])]);
    const gated = this.graph.node('BiasSplitGelu', [wide, bias], {}, MICROSOFT);
    return this.graph.node('Reshape', [gated, this.graph.integers([-1, inner])]);
  }

  override groupNorm(x: Value, gamma: Value, beta: Value, { groups, epsilon, silu }: NormOptions): Value {
    const attributes = { groups, epsilon: { float: epsilon }, activation: silu ? 1 : 0, channels_last: 1 };
    /* The kernel takes gain and shift in float32 whatever the picture is in. */
    const [gain, shift] = [this.toFloat(gamma), this.toFloat(beta)];
    const sum = this.#sums.get(x.name);
    if (sum === undefined) return this.graph.node('GroupNorm', [x, gain, shift], attributes, MICROSOFT);
    return this.graph.node('SkipGroupNorm', [sum.x, gain, shift, sum.row], attributes, MICROSOFT);
  }

  /** Where a norm alone follows, nobody takes the sum, and ONNX Runtime leaves it out. */
  override addToPixels(x: Value, row: Value): Value {
    const sum = this.add(x, this.graph.node('Unsqueeze', [row, this.graph.integers([1, 2])]));
    this.#sums.set(sum.name, { x, row });
    return sum;
  }

  override scaleChannels(x: Value, row: Value): Value {
    return this.multiply(x, this.graph.node('Unsqueeze', [row, this.graph.integers([1, 2])]));
  }

  override scaleFirstHalf(x: Value, channels: number, gain: Value): Value {
    return this.multiply(x, this.halfFactors(channels, gain));
  }

  override addPatterns(x: Value, analysis: Value, synthesis: Value): Value {
    const first = this.graph.node('Transpose', [x], TO_CHANNELS_FIRST);
    return this.graph.node('Transpose', [super.addPatterns(first, analysis, synthesis)], TO_CHANNELS_LAST);
  }

  override concatChannels(a: Value, b: Value): Value {
    return this.concatFeatures(a, b);
  }

  override toTokens(x: Value, channels: number): Value {
    return this.graph.node('Reshape', [x, this.graph.integers([-1, channels])]);
  }

  override toPicture(tokens: Value, like: Value): Value {
    return this.graph.node('Reshape', [tokens, this.graph.node('Shape', [like])]);
  }

  override upsample(x: Value): Value {
    const [one, two] = [this.graph.filled(1, 1), this.graph.filled(2, 2)];
    return this.graph.node('Resize', [x, null, this.graph.join(one, two, one)], NEAREST);
  }

  override upsampleTo(x: Value, like: Value): Value {
    const dims = (value: Value, start: number, end: number): Value => this.graph.node('Shape', [value], { start, end });
    const size = this.graph.join(dims(x, 0, 1), dims(like, 1, 3), dims(x, 3, 4));
    return this.graph.node('Resize', [x, null, null, size], NEAREST);
  }
}
