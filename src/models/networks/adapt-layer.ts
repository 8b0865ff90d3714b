/**
 * Low-rank changes of layers (LoRA: Hu et al. 2021, arXiv:2106.09685; DoRA: Liu et al. 2024, arXiv:2402.09353), computed
 * beside the layer: y + w·scale·up(down(x)). The adapter weight w is an input of the graph, so it can change with every run.
 */
import type { PlainValue, Value } from '../../onnx/graph/onnx/value.js';
import type { ConvOptions, Operators } from '../../onnx/graph/operators/operators.js';
import type { Weight } from '../weights/weight-map.js';
import type { LayerScope } from './layer-scope.js';

/** A layer's input, and its output before any change. */
interface Layer {
  x: Value;
  y: Value;
  bias: PlainValue | null;
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
    const scaled = ops.multiply(down, scaledWeight(scope, adapter.input, change.scale));
    const up = scope.rowsOf(`${key}.up`, change.up, start, end);
    if (change.gain === null) {
      changed = ops.linear(scaled, up, changed);
      continue;
    }
    const gain = change.gain.subarray(start, end);
    const { factor, shift } = magnitudeCorrection(scope, adapter.input, { key: `${key}[${start}:${end}]`, gain, bias });
    const rotated = ops.linear(
      scaled,
      ops.multiply(up, ops.constant(`${key}[${start}:${end}].gain`, gain, [end - start, 1])),
      changed,
    );
    const rescaled = ops.multiply(y, factor);
    changed = ops.add(rotated, shift === null ? rescaled : ops.add(rescaled, shift));
  }
  return changed;
};

/** A convolution. @param x [B,in,H,W] */
export const adaptConv = (
  scope: LayerScope,
  { x, y, bias }: Layer,
  outChannels: number,
  options: ConvOptions,
): Value => {
  const { ops } = scope;
  const pointwise: ConvOptions = { kernel: 1 };
  let changed = y;
  for (const [index, { adapter, change }] of scope.changes().entries()) {
    const key = `${scope.path}.${index}`;
    const weight = (name: 'down' | 'up', source: Weight): PlainValue => ops.weight(`${key}.${name}`, source);
    const { mid } = change;
    let down = ops.conv(x, weight('down', change.down), null, mid === null ? options : pointwise);
    if (mid !== null) down = ops.conv(down, ops.weight(`${key}.mid`, mid), null, options);
    const scaled = ops.multiply(down, scaledWeight(scope, adapter.input, change.scale));
    const up = weight('up', change.up);
    if (change.gain === null) {
      changed = ops.add(changed, ops.conv(scaled, up, null, pointwise));
      continue;
    }
    const { gain } = change;
    const { factor, shift } = magnitudeCorrection(scope, adapter.input, { key, gain, bias });
    const rotated = ops.conv(
      scaled,
      ops.multiply(up, ops.constant(`${key}.gain`, gain, [outChannels, 1, 1, 1])),
      null,
      pointwise,
    );
    const rescaled = ops.scaleChannels(y, factor);
    changed = ops.add(ops.add(changed, rotated), shift === null ? rescaled : ops.addPerChannel(rescaled, shift));
  }
  return changed;
};

/** The graph's input for an adapter's weight, declared once. */
export const declareAdapterWeight = (ops: Operators, input: string): PlainValue =>
  ops.graph.once(`adapter:${input}`, () => ops.tensorInput(input, [1]));

/** Adapter weight times scale, [1]. */
const scaledWeight = ({ ops }: LayerScope, input: string, scale: number): PlainValue => {
  const weight = declareAdapterWeight(ops, input);
  return ops.graph.once(`adapter:${input}:${scale}`, () =>
    ops.multiply(weight, ops.constant(`adapter scale ${scale}`, Float32Array.of(scale), [1])),
  );
};

/**
 * DoRA's change of magnitude, w·(gain-1)·Wx where Wx = y - bias, as a factor of y and a shift, each [1,out]. With it, w = 0
 * leaves the layer unchanged, and w = 1 gives gain·(W + scale·up·down)x, equation 5 of the paper.
 */
const magnitudeCorrection = (
  scope: LayerScope,
  input: string,
  { key, gain, bias }: { key: string; gain: Float32Array; bias: PlainValue | null },
): { factor: PlainValue; shift: PlainValue | null } => {
  const { ops } = scope;
  const weight = scaledWeight(scope, input, 1);
  const weighted = (name: string, of: (gain: number) => number): PlainValue =>
    ops.multiply(ops.constant(`${key}.${name}`, gain.map(of), [1, gain.length]), weight);
  return {
    factor: weighted('stretch', (value) => value - 1),
    shift:
      bias === null
        ? null
        : ops.multiply(
            weighted('shift', (value) => 1 - value),
            bias,
          ),
  };
};
