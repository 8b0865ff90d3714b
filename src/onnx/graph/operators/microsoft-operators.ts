/** ONNX Runtime's attention and activations (domain com.microsoft), for device families that have kernels for them. */
import type { PlainValue, Value } from '../onnx/value.js';
import type { AttentionOptions } from './operators.js';
import { StandardOperators } from './standard-operators.js';

export const MICROSOFT = 'com.microsoft';

export class MicrosoftOperators extends StandardOperators {
  override attention(query: Value, key: Value, value: Value, options: AttentionOptions): Value {
    if (options.attentionMask !== undefined) return super.attention(query, key, value, options);
    const { channels, heads, causal } = options;
    const attended = this.graph.node(
      'MultiHeadAttention',
      [query, key, value].map((tokens) => this.sequences(tokens, options)),
      { num_heads: heads, ...(causal ? { unidirectional: 1 } : {}) },
      MICROSOFT,
    );
    return this.fromSequences(attended, channels, query);
  }

  /** Tokens in the form of the queries. */
  protected fromSequences(attended: PlainValue, channels: number, _query: Value): Value {
    return this.graph.node('Reshape', [attended, this.graph.integers([-1, channels])]);
  }

  /** Tokens as [B,S,C]. */
  protected sequences(tokens: Value, { batch, channels }: AttentionOptions): PlainValue {
    const shape = this.graph.once(`sequence:${batch.name}:${channels}`, () =>
      this.graph.concat(batch, this.graph.integers([-1, channels])),
    );
    return this.graph.node('Reshape', [tokens, shape]);
  }

  override silu(x: Value): Value {
    return this.graph.node('QuickGelu', [x], { alpha: { float: 1 } }, MICROSOFT);
  }

  override gelu(x: Value): Value {
    return this.graph.node('Gelu', [x], {}, MICROSOFT);
  }

  override quickGelu(x: Value): Value {
    return this.graph.node('QuickGelu', [x], { alpha: { float: 1.702 } }, MICROSOFT);
  }
}
