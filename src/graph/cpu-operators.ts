/**
 * The CPU: channels first, float32 arithmetic, half-precision weights cast where they are used so that they stay mapped
 * from the file. Each choice was measured against its alternatives on ONNX Runtime 1.30 (docs/decisions/0002).
 */
import type { ExternalTensor, GraphBuilder, Value } from './graph-builder.js';
import type { AttentionOptions, ConvOptions, NormOptions, Operators } from './operators.js';

const MICROSOFT = 'com.microsoft';
/** TensorProto.DataType.FLOAT */
const FLOAT = 1;
const NEAREST = { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' } as const;

export class CpuOperators implements Operators {
  constructor(readonly graph: GraphBuilder) {}

  weight(name: string, source: ExternalTensor): Value {
    const stored = this.graph.external(name, source);
    return source.dtype === 'F32' ? stored : this.graph.once(`cast:${name}`, () => this.#toFloat(stored));
  }

  embedding(name: string, table: ExternalTensor, ids: Value): Value {
    const rows = this.graph.node('Gather', [this.graph.external(name, table), ids], { axis: 0 });
    return table.dtype === 'F32' ? rows : this.#toFloat(rows);
  }

  conv(x: Value, weight: Value, bias: Value, { stride = 1, pads, kernel }: ConvOptions): Value {
    const same = (kernel - 1) / 2;
    return this.graph.node('Conv', [x, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: pads ?? [same, same, same, same],
    });
  }

  linear(x: Value, weight: Value, bias: Value | null): Value {
    return this.graph.node('Gemm', bias === null ? [x, weight] : [x, weight, bias], { transB: 1 });
  }

  /** As instance normalization of [B,groups,·]: a third faster here than the GroupNormalization operator. */
  groupNorm(x: Value, gamma: Value, beta: Value, { channels, groups, epsilon, silu }: NormOptions): Value {
    const grouped = this.graph.node('Reshape', [x, this.graph.integers([0, groups, -1])]);
    const normal = this.graph.node(
      'InstanceNormalization',
      [grouped, this.graph.filled(1, groups), this.graph.filled(0, groups)],
      { epsilon: { float: epsilon } },
    );
    const back = this.graph.node('Reshape', [normal, this.graph.node('Shape', [x])]);
    const perChannel = (v: Value): Value => this.graph.node('Reshape', [v, this.graph.integers([1, channels, 1, 1])]);
    const scaled = this.add(this.multiply(back, perChannel(gamma)), perChannel(beta));
    return silu ? this.silu(scaled) : scaled;
  }

  layerNorm(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
    return this.graph.node('LayerNormalization', [x, gamma, beta], { axis: -1, epsilon: { float: epsilon } });
  }

  attention(query: Value, key: Value, value: Value, { channels, heads, causal, batch }: AttentionOptions): Value {
    const shape = this.graph.once(`sequence:${batch.name}:${channels}`, () =>
      this.graph.node('Concat', [batch, this.graph.integers([-1]), this.graph.integers([channels])], { axis: 0 }),
    );
    const sequences = [query, key, value].map((tokens) => this.graph.node('Reshape', [tokens, shape]));
    const attended = this.graph.node(
      'MultiHeadAttention',
      sequences,
      { num_heads: heads, ...(causal ? { unidirectional: 1 } : {}) },
      MICROSOFT,
    );
    return this.graph.node('Reshape', [attended, this.graph.integers([-1, channels])]);
  }

  silu(x: Value): Value {
    return this.graph.node('QuickGelu', [x], { alpha: { float: 1 } }, MICROSOFT);
  }

  gelu(x: Value): Value {
    return this.graph.node('Gelu', [x], {}, MICROSOFT);
  }

  quickGelu(x: Value): Value {
    return this.graph.node('QuickGelu', [x], { alpha: { float: 1.702 } }, MICROSOFT);
  }

  add(a: Value, b: Value): Value {
    return this.graph.node('Add', [a, b]);
  }

  multiply(a: Value, b: Value): Value {
    return this.graph.node('Mul', [a, b]);
  }

  addToPixels(x: Value, row: Value): Value {
    return this.add(x, this.graph.node('Unsqueeze', [row, this.graph.integers([2, 3])]));
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

  toPicture(tokens: Value, like: Value): Value {
    const shape = this.graph.node('Shape', [this.#channelsLast(like)]);
    return this.graph.node('Transpose', [this.graph.node('Reshape', [tokens, shape])], { perm: [0, 3, 1, 2] });
  }

  upsample(x: Value): Value {
    const scales = this.graph.node('Concat', [this.graph.filled(1, 2), this.graph.filled(2, 2)], { axis: 0 });
    return this.graph.node('Resize', [x, null, scales], NEAREST);
  }

  upsampleTo(x: Value, like: Value): Value {
    const own = this.graph.node('Shape', [x], { start: 0, end: 2 });
    const theirs = this.graph.node('Shape', [like], { start: 2, end: 4 });
    const size = this.graph.node('Concat', [own, theirs], { axis: 0 });
    return this.graph.node('Resize', [x, null, null, size], NEAREST);
  }

  batchOf(x: Value): Value {
    return this.graph.once(`batch:${x.name}`, () => this.graph.node('Shape', [x], { start: 0, end: 1 }));
  }

  #toFloat(x: Value): Value {
    return this.graph.node('Cast', [x], { to: FLOAT });
  }

  /** Once for each value: a transformer goes to tokens and back from the same picture. */
  #channelsLast(x: Value): Value {
    return this.graph.once(`nhwc:${x.name}`, () => this.graph.node('Transpose', [x], { perm: [0, 2, 3, 1] }));
  }
}
