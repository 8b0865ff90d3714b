/**
 * The CPU: channels first, float32 arithmetic, half-precision weights cast where they are used so that they stay mapped
 * from the file. Each choice was measured against its alternatives on ONNX Runtime 1.30 (docs/decisions/0002, 0009).
 */
import type { Value } from './graph-builder.js';
import { MICROSOFT, MicrosoftOperators } from './microsoft-operators.js';
import type { ConvOptions, Kernel, Matrix } from './operators.js';
import { winogradConv } from './winograd.js';

/** Pixels of a whole batch, below which transforming kernels spares little time, and takes 250 MB more. */
const FEWEST_PIXELS = 4096;

export class CpuOperators extends MicrosoftOperators {
  override conv(x: Value, weight: Kernel, bias: Value | null, options: ConvOptions): Value {
    const { filtered: channels } = options;
    const direct = (): Value => super.conv(x, weight, bias, options);
    if (channels === undefined || bias === null) return direct();
    const filtered = (): Value => winogradConv(this.graph, { x, weight, bias }, channels);
    if (weight.isTransformed === true) return filtered();
    return this.graph.choose(this.#hasPixels(x, channels[0]), filtered, direct);
  }

  /** Whole numbers times whole numbers: `x` is quantized as it comes, with one scale for all of it. */
  override linear(x: Value, weight: Matrix, bias: Value | null): Value {
    const { scales } = weight;
    if (scales === undefined) return super.linear(x, weight, bias);
    return this.graph.node('DynamicQuantizeMatMul', [x, weight, scales, null, bias], {}, MICROSOFT);
  }

  #hasPixels(x: Value, channels: number): Value {
    const count = this.graph.node('ReduceProd', [this.graph.node('Shape', [x])], { keepdims: 0 });
    return this.graph.node('GreaterOrEqual', [count, this.graph.integer(FEWEST_PIXELS * channels)]);
  }
}
