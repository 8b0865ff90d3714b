/**
 * CPU: NCHW feature maps, float32 arithmetic. Half-precision weights are cast where they are used, so that they stay mapped
 * from their file. Each choice was measured against its alternatives on ONNX Runtime 1.30 (docs/decisions/0002, 0009, 0010).
 */
import { fitsNchwc, fromNchwc, kernelToNchwc, nchwcConv, toNchwc } from './nchwc-layout.js';
import {
  inChunksOf,
  nchwcLinear,
  splitIntoChunks,
  tokensFromNchwc,
  tokensToNchwc,
  withSequenceShape,
} from './nchwc-tokens.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Named, NchwcTokens, PlainValue, Value } from '../onnx/value.js';
import { MICROSOFT, MicrosoftOperators } from '../operators/microsoft-operators.js';
import type { AttentionOptions, ConvOptions, ConvWeight, LinearRows, LinearWeight } from '../operators/operators.js';
import type { Precision } from '../operators/target.js';
import { transformKernelsAtRun } from './winograd.js';
import { winogradConv, winogradConvInStrips } from './winograd-conv.js';

/** Most channels of a 3×3 convolution in NCHWc: with more, converting the weight at each run costs as much time as it saves, and memory. */
const MAX_CHANNELS = 512;

/** A weight that can multiply tokens in the NCHWc layout. */
type NchwcReady = Exclude<LinearWeight, { layout: 'int8' }> & { readonly features: readonly [number, number] };

export class CpuOperators extends MicrosoftOperators {
  readonly #blockSize: number | null;

  /** @param blockSize channels of an NCHWc block; null: this processor has no such layout. The layout is float32 only. */
  constructor(graph: GraphBuilder, precision: Precision = 'fp32', blockSize: number | null = null) {
    super(graph, precision);
    this.#blockSize = precision === 'fp16' ? null : blockSize;
  }

  override conv(x: Value, weight: ConvWeight, bias: Named | null, options: ConvOptions): Value {
    const { graph } = this;
    const blockSize = this.#blockSize;
    const { channels, kernel } = options;
    if (channels === undefined || blockSize === null || !fitsNchwc(channels)) {
      return super.conv(x, weight, bias, options);
    }
    const isLarge = kernel > 1 && Math.max(...channels) > MAX_CHANNELS;
    if (weight.layout === 'plain' && isLarge) return super.conv(x, weight, bias, options);
    const winograd = (transformed: Named): Value => {
      const layer = { weight: transformed, bias, channels, blockSize };
      return options.inRowStrips ? winogradConvInStrips(graph, x, layer) : winogradConv(graph, x, layer);
    };
    if (weight.layout === 'winograd') return winograd(weight);
    if (weight.layout === 'winograd at run') return winograd(transformKernelsAtRun(graph, weight, channels));
    const nchwcX = toNchwc(graph, x);
    const nchwcWeight =
      weight.layout === 'nchwc' ? weight : kernelToNchwc(graph, weight, { channels, kernel, blockSize });
    return fromNchwc(graph, nchwcConv(graph, { x: nchwcX, weight: nchwcWeight, bias }, options), channels[1]);
  }

  /** With named dimensions, elementwise results reuse the buffer of their input (nchwc-tokens.ts). */
  protected override describeFeatureMap(x: PlainValue, channels: number): PlainValue {
    const named = (dimension: string): string => `${dimension} of ${x.name}`;
    if (this.elementType === 'F32') {
      this.graph.declareShape(x, [named('batch'), channels, named('height'), named('width')]);
    }
    return x;
  }

  /** Splits the tokens into chunks; every result of token operators keeps the chunks of its input. */
  override toTokens(x: Value, channels: number): Value {
    const tokens = super.toTokens(x, channels);
    return this.#blockSize === null ? tokens : splitIntoChunks(this.graph, tokens, channels);
  }

  override layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return inChunksOf(x, super.layerNorm(x, gamma, beta, epsilon));
  }

  override attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value {
    return inChunksOf(query, super.attention(query, key, value, options));
  }

  protected override sequences(tokens: Value, options: AttentionOptions): PlainValue {
    const { batch, channels } = options;
    return withSequenceShape(this.graph, super.sequences(tokens, options), { of: tokens, batch, channels });
  }

  override add(a: Value, b: Value): Value {
    return inChunksOf(a.layout === 'plain' ? b : a, super.add(a, b));
  }

  /** An int8 weight multiplies int8 tokens: they are quantized at run, with one scale for all of `x`. */
  override linear(x: Value, weight: LinearWeight, bias: Named | null): Value {
    if (this.#isNchwcReady(weight)) return tokensFromNchwc(this.graph, this.#nchwcLinear(x, weight, bias));
    const tokens = x.layout === 'nchwc tokens' ? tokensFromNchwc(this.graph, x) : x;
    if (weight.layout !== 'int8') return super.linear(tokens, weight, bias);
    const y = this.graph.node('DynamicQuantizeMatMul', [tokens, weight, weight.scales, null, bias], {}, MICROSOFT);
    return inChunksOf(tokens, y);
  }

  /** The tokens stay in the NCHWc layout between its matrix multiplications. */
  override gatedGelu(x: Value, inner: number, rows: LinearRows): Value {
    const [[weight, bias], [gates, gateBias]] = [rows(0, inner), rows(inner, 2 * inner)];
    if (!this.#isNchwcReady(weight) || !this.#isNchwcReady(gates)) return super.gatedGelu(x, inner, rows);
    const gate = this.gelu(this.#nchwcLinear(x, gates, gateBias));
    const values = this.#nchwcLinear(x, weight, bias);
    return { ...values, name: this.multiply(values, gate).name };
  }

  #isNchwcReady(weight: LinearWeight): weight is NchwcReady {
    if (this.#blockSize === null || weight.layout === 'int8') return false;
    return weight.features !== undefined && fitsNchwc(weight.features);
  }

  #nchwcLinear(x: Value, weight: NchwcReady, bias: Named | null): NchwcTokens {
    const { graph } = this;
    const blockSize = this.#blockSize;
    const [inFeatures, outFeatures] = weight.features;
    const tokens = x.layout === 'nchwc tokens' ? x : tokensToNchwc(graph, x, inFeatures);
    const nchwcWeight =
      weight.layout === 'nchwc' || blockSize === null
        ? weight
        : kernelToNchwc(graph, weight, { channels: weight.features, kernel: 1, blockSize });
    return nchwcLinear(graph, { x: tokens, weight: nchwcWeight, bias }, outFeatures);
  }
}
