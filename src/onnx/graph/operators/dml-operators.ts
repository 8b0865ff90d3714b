/** DirectML: NCHW feature maps, with its kernels for group normalization and attention (ONNX Runtime docs/OperatorKernels.md). */
import type { Value } from '../onnx/value.js';
import { MICROSOFT, MicrosoftOperators } from './microsoft-operators.js';
import type { NormOptions } from './operators.js';

export class DmlOperators extends MicrosoftOperators {
  /** Only DirectML's GroupNorm takes NCHW, so it needs no transposes. */
  override groupNorm(x: Value, gamma: Value, beta: Value, { groups, epsilon, silu }: NormOptions): Value {
    const attributes = { groups, epsilon: { float: epsilon }, activation: silu ? 1 : 0, channels_last: 0 };
    return this.graph.node('GroupNorm', [x, gamma, beta], attributes, MICROSOFT);
  }
}
