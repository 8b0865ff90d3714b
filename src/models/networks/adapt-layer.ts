/**
 * Low-rank changes of layers (LoRA: Hu et al. 2021, arXiv:2106.09685; DoRA: Liu et al. 2024, arXiv:2402.09353) as operands
 * beside the layer: y + w·scale·up(down(x)). The weight w is an input of the graph, so each run may have another.
 */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import type { ConvOptions, Operators } from '../../onnx/graph/operators/operators.js';
import type { Weight } from '../weights/weight-map.js';
import type { LayerScope } from './layer-scope.js';

/** A layer's output before any change, and what made it. */
interface Layer {
  x: Value;
  y: Value;
  /** Its bias, where it has one. */
  bias: Value | null;
}

/** Rows `start` up to `end` of a linear layer. @param x [n,in] @returns [n,end-start] */
export const adaptLinear = (
  scope: LayerScope,
  { x, y, bias }: Layer,
  [start, end]: readonly [number, number],
): Value => {
  const { ops } = scope;
  let changed = y;
  for (const [index, { adapter, change }] of scope.changes().entries()) {
    const key = `${scope.path}.${index}`;
    const down = ops.linear(x, ops.weight(`${key}.down`, change.down), null);
    const small = ops.multiply(down, strengthOf(scope, adapter.input, change.scale));
    const up = scope.rowsOf(`${key}.up`, change.up, start, end);
    if (change.gain === null) {
      changed = ops.linear(small, up, changed);
      continue;
    }
    const gain = change.gain.subarray(start, end);
    const { stretched, shift } = stretch(scope, adapter.input, { key: `${key}[${start}:${end}]`, gain, bias });
    const turned = ops.linear(
      small,
      ops.multiply(up, ops.numbers(`${key}[${start}:${end}].gain`, gain, [end - start, 1])),
      changed,
    );
    changed = ops.add(turned, shift === null ? ops.multiply(y, stretched) : ops.add(ops.multiply(y, stretched), shift));
  }
  return changed;
};

/** A convolution. @param x [B,in,H,W] @param outer channels of its output */
export const adaptConv = (scope: LayerScope, { x, y, bias }: Layer, outer: number, options: ConvOptions): Value => {
  const { ops } = scope;
  const pointwise: ConvOptions = { kernel: 1 };
  let changed = y;
  for (const [index, { adapter, change }] of scope.changes().entries()) {
    const key = `${scope.path}.${index}`;
    const weight = (name: 'down' | 'up', source: Weight): Value => ops.weight(`${key}.${name}`, source);
    const { mid } = change;
    let small = ops.conv(x, weight('down', change.down), null, mid === null ? options : pointwise);
    if (mid !== null) small = ops.conv(small, ops.weight(`${key}.mid`, mid), null, options);
    const scaled = ops.multiply(small, strengthOf(scope, adapter.input, change.scale));
    const up = weight('up', change.up);
    if (change.gain === null) {
      changed = ops.add(changed, ops.conv(scaled, up, null, pointwise));
      continue;
    }
    const { gain } = change;
    const { stretched, shift } = stretch(scope, adapter.input, { key, gain, bias });
    const turned = ops.conv(
      scaled,
      ops.multiply(up, ops.numbers(`${key}.gain`, gain, [outer, 1, 1, 1])),
      null,
      pointwise,
    );
    const own = ops.scaleChannels(y, stretched);
    changed = ops.add(ops.add(changed, turned), shift === null ? own : ops.addToPixels(own, shift));
  }
  return changed;
};

/** The graph's input for an adapter's weight, once. */
export const declareWeight = (ops: Operators, input: string): Value =>
  ops.graph.once(`adapter:${input}`, () => ops.rowsIn(input, [1]));

/** Weight times scale, [1]. */
const strengthOf = ({ ops }: LayerScope, input: string, scale: number): Value => {
  const weight = declareWeight(ops, input);
  return ops.graph.once(`adapter:${input}:${scale}`, () =>
    ops.multiply(weight, ops.numbers(`adapter scale ${scale}`, Float32Array.of(scale), [1])),
  );
};

/**
 * What a DoRA does to the layer's own product Wx = y - bias, beyond turning it: w·(gain-1)·(y-bias), as a factor of y and a
 * shift, each [1,out]. So weight 0 leaves the layer as it is, and 1 gives gain·(W + scale·up·down)x, the paper's equation 5.
 */
const stretch = (
  scope: LayerScope,
  input: string,
  { key, gain, bias }: { key: string; gain: Float32Array; bias: Value | null },
): { stretched: Value; shift: Value | null } => {
  const { ops } = scope;
  const weight = strengthOf(scope, input, 1);
  const factor = (name: string, of: (gain: number) => number): Value =>
    ops.multiply(ops.numbers(`${key}.${name}`, gain.map(of), [1, gain.length]), weight);
  const stretched = factor('stretch', (value) => value - 1);
  return {
    stretched,
    shift:
      bias === null
        ? null
        : ops.multiply(
            factor('shift', (value) => 1 - value),
            bias,
          ),
  };
};
