/**
 * The CPU: channels first, float32 arithmetic, half-precision weights cast where they are used so that they stay mapped
 * from the file. Each choice was measured against its alternatives on ONNX Runtime 1.30 (docs/decisions/0002, 0009, 0010).
 */
import {
  blockedConv,
  blockKernel,
  blockPicture,
  blockTokens,
  fitsBlocks,
  unblockPicture,
  unblockTokens,
  type BlockedTokens,
} from './blocked-layout.js';
import type { GraphBuilder, Value } from './graph-builder.js';
import { MICROSOFT, MicrosoftOperators } from './microsoft-operators.js';
import type { ConvOptions, Kernel, LinearRows, Matrix } from './operators.js';
import type { Precision } from './target.js';
import { transformAtRun, winogradConv } from './winograd.js';

/** Of a 3×3 convolution; with more, laying out its kernels at each run takes as long as it spares, and memory. */
const MOST_CHANNELS = 512;

/** Weight and bias of a product over tokens. */
interface Layer {
  weight: Matrix & Required<Pick<Matrix, 'features'>>;
  bias: Value | null;
}

export class CpuOperators extends MicrosoftOperators {
  readonly #block: number | null;

  /** @param block channels of one, where the processor has such a layout, which is of float32 alone */
  constructor(graph: GraphBuilder, precision: Precision = 'fp32', block: number | null = null) {
    super(graph, precision);
    this.#block = precision === 'fp16' ? null : block;
  }

  override conv(x: Value, weight: Kernel, bias: Value | null, options: ConvOptions): Value {
    const { graph } = this;
    const block = this.#block;
    const { channels, kernel } = options;
    if (channels === undefined || block === null || !fitsBlocks(channels)) return super.conv(x, weight, bias, options);
    const isLarge = kernel > 1 && Math.max(...channels) > MOST_CHANNELS;
    if (weight.layout === undefined && isLarge) return super.conv(x, weight, bias, options);
    const blocked = blockPicture(graph, x);
    const filter = (transformed: Value): Value =>
      winogradConv(graph, { x: blocked, weight: transformed, bias }, { channels, block });
    const convolve = (): Value => {
      if (weight.layout === 'transformed') return filter(weight);
      if (weight.layout === 'to transform') return filter(transformAtRun(graph, weight, channels));
      return blockedConv(graph, { x: blocked, weight: this.#lay(weight, channels, kernel), bias }, options);
    };
    return unblockPicture(graph, convolve(), channels[1]);
  }

  /** With scales, whole numbers times whole numbers: `x` is quantized as it comes, with one scale for all of it. */
  override linear(x: Value, weight: Matrix, bias: Value | null): Value {
    if (this.#takesBlocks(weight)) return unblockTokens(this.graph, this.#product(x, { weight, bias }));
    const tokens = hasBlocks(x) ? unblockTokens(this.graph, x) : x;
    const { scales } = weight;
    if (scales === undefined) return super.linear(tokens, weight, bias);
    return this.graph.node('DynamicQuantizeMatMul', [tokens, weight, scales, null, bias], {}, MICROSOFT);
  }

  /** What is between its two products stays in blocks. */
  override gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    const [[weight, bias], [gates, gateBias]] = [rows(0, inner), rows(inner, 2 * inner)];
    if (!this.#takesBlocks(weight) || !this.#takesBlocks(gates)) return super.gatedGelu(x, inner, rows);
    const gate = this.gelu(this.#product(x, { weight: gates, bias: gateBias }));
    const gated: BlockedTokens = { ...this.multiply(this.#product(x, { weight, bias }), gate), features: inner };
    return gated;
  }

  #takesBlocks(weight: Matrix): weight is Layer['weight'] {
    const { scales, features } = weight;
    return this.#block !== null && scales === undefined && features !== undefined && fitsBlocks(features);
  }

  #product(x: Value, { weight, bias }: Layer): BlockedTokens {
    const [inner, outer] = weight.features;
    const blocked = hasBlocks(x) ? x : blockTokens(this.graph, x, inner);
    const laid = this.#lay(weight, weight.features, 1);
    return { ...blockedConv(this.graph, { x: blocked, weight: laid, bias }, { kernel: 1 }), features: outer };
  }

  #lay(weight: Kernel | Matrix, channels: readonly [number, number], kernel: number): Value {
    if (weight.layout === 'blocked' || this.#block === null) return weight;
    return blockKernel(this.graph, weight, { channels, kernel, block: this.#block });
  }
}

const hasBlocks = (x: Value): x is BlockedTokens => 'features' in x;
