/**
 * The CPU: channels first, float32 arithmetic, half-precision weights cast where they are used so that they stay mapped
 * from the file. Each choice was measured against its alternatives on ONNX Runtime 1.30 (docs/decisions/0002, 0009, 0010).
 */
import { blockedConv, blockKernel, blockPicture, fitsBlocks, unblockPicture } from './nchwc-layout.js';
import {
  blockedProduct,
  blockTokens,
  describedSequences,
  inParts,
  inPartsOf,
  unblockTokens,
  type BlockedTokens,
  type Tokens,
} from './nchwc-tokens.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import { MICROSOFT, MicrosoftOperators } from '../operators/microsoft-operators.js';
import type { AttentionOptions, ConvOptions, Kernel, LinearRows, Matrix } from '../operators/operators.js';
import type { Precision } from '../operators/target.js';
import { transformAtRun } from './winograd.js';
import { winogradBands, winogradConv } from './winograd-conv.js';

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
    const filter = (transformed: Value): Value =>
      (options.inBands ? winogradBands : winogradConv)(graph, x, { weight: transformed, bias, channels, block });
    if (weight.layout === 'transformed') return filter(weight);
    if (weight.layout === 'to transform') return filter(transformAtRun(graph, weight, channels));
    const layer = { x: blockPicture(graph, x), weight: this.#lay(weight, channels, kernel), bias };
    return unblockPicture(graph, blockedConv(graph, layer, options), channels[1]);
  }

  /** With names for its dimensions, all that is made of it number by number takes its place (blocked-tokens.ts). */
  protected override pictureAgain(x: Value, channels: number): Value {
    const named = (what: string): string => `${what} of ${x.name}`;
    if (this.elementType === 'F32') this.graph.describe(x, [named('batch'), channels, named('height'), named('width')]);
    return x;
  }

  /** What is made of them, here and below, is in the same parts. */
  override toTokens(x: Value, channels: number): Value {
    const tokens = super.toTokens(x, channels);
    return this.#block === null ? tokens : inParts(this.graph, tokens, channels);
  }

  override layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return inPartsOf(x, super.layerNorm(x, gamma, beta, epsilon));
  }

  override attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value {
    return inPartsOf(query, super.attention(query, key, value, options));
  }

  protected override sequences(tokens: Tokens, options: AttentionOptions): Value {
    const { batch, channels } = options;
    return describedSequences(this.graph, super.sequences(tokens, options), { of: tokens, batch, channels });
  }

  override add(a: Tokens, b: Tokens): Tokens {
    return inPartsOf(a.part === undefined ? b : a, super.add(a, b));
  }

  /** With scales, whole numbers times whole numbers: `x` is quantized as it comes, with one scale for all of it. */
  override linear(x: Value, weight: Matrix, bias: Value | null): Value {
    if (this.#takesBlocks(weight)) return unblockTokens(this.graph, this.#product(x, { weight, bias }));
    const tokens = hasBlocks(x) ? unblockTokens(this.graph, x) : x;
    const { scales } = weight;
    if (scales === undefined) return super.linear(tokens, weight, bias);
    const y = this.graph.node('DynamicQuantizeMatMul', [tokens, weight, scales, null, bias], {}, MICROSOFT);
    return inPartsOf(tokens, y);
  }

  /** What is between its two products stays in blocks. */
  override gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    const [[weight, bias], [gates, gateBias]] = [rows(0, inner), rows(inner, 2 * inner)];
    if (!this.#takesBlocks(weight) || !this.#takesBlocks(gates)) return super.gatedGelu(x, inner, rows);
    const gate = this.gelu(this.#product(x, { weight: gates, bias: gateBias }));
    const product = this.#product(x, { weight, bias });
    const gated: BlockedTokens = { ...product, ...this.multiply(product, gate) };
    return gated;
  }

  #takesBlocks(weight: Matrix): weight is Layer['weight'] {
    const { scales, features } = weight;
    return this.#block !== null && scales === undefined && features !== undefined && fitsBlocks(features);
  }

  #product(x: Value, { weight, bias }: Layer): BlockedTokens {
    const [inner, outer] = weight.features;
    const blocked = hasBlocks(x) ? x : blockTokens(this.graph, x, inner);
    return blockedProduct(this.graph, { x: blocked, weight: this.#lay(weight, weight.features, 1), bias }, outer);
  }

  #lay(weight: Kernel | Matrix, channels: readonly [number, number], kernel: number): Value {
    if (weight.layout === 'blocked' || this.#block === null) return weight;
    return blockKernel(this.graph, weight, { channels, kernel, block: this.#block });
  }
}

const hasBlocks = (x: Value): x is BlockedTokens => 'features' in x;
