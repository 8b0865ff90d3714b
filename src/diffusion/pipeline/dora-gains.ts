/** DoRA's gain of each output, its magnitude over the norm of the changed weight's row: Liu et al. 2024, arXiv:2402.09353, eq. 5. */
import { GraphBuilder } from '../../onnx/graph/onnx/graph-builder.js';
import type { Value } from '../../onnx/graph/onnx/value.js';
import { StandardOperators } from '../../onnx/graph/operators/standard-operators.js';
import { CPU } from '../../onnx/graph/operators/target.js';
import { openSession } from '../../onnx/runtime/session.js';
import type { LowRank } from '../../models/weights/lora/adapter-file.js';
import { commonFolder } from '../../models/weights/discovery/common-folder.js';
import type { WeightMap } from '../../models/weights/weight-map.js';

/**
 * For each layer, magnitude over the row norms of W + scale·up·down, with the model's W. In one run of a graph, since these
 * matrix multiplications are as large as the weights.
 * @param layers by layer name; those without a magnitude are skipped
 * @returns f32 [out] of each DoRA layer
 * @throws SESSION_CREATE SESSION_RUN WEIGHTS_*
 */
export const doraGains = async (
  weights: WeightMap,
  layers: ReadonlyMap<string, LowRank>,
): Promise<ReadonlyMap<string, Float32Array>> => {
  const graph = new GraphBuilder();
  const ops = new StandardOperators(graph);
  const files = new Set<string>();
  const gains = new Map<string, string>();
  for (const [name, { down, mid, up, scale, magnitude }] of layers) {
    if (magnitude === null || mid !== null) continue;
    const [outputs = 0] = up.shape;
    const shape = [outputs, ...down.shape.slice(1)];
    const source = weights.require(`${name}.weight`, shape);
    const flat = (key: string, tensor: typeof up, rows: number): Value =>
      graph.node('Reshape', [ops.weight(`${name}.${key}`, tensor), graph.integers([rows, -1])]);
    const product = graph.node('MatMul', [flat('up', up, outputs), flat('down', down, down.shape[0] ?? 0)]);
    const changed = ops.add(
      flat('weight', source, outputs),
      ops.multiply(product, ops.constant(`${scale}`, Float32Array.of(scale), [1])),
    );
    const norm = graph.node('ReduceL2', [changed, graph.integers([1])], { keepdims: 0 });
    const magnitudes = graph.node('Reshape', [ops.weight(`${name}.magnitude`, magnitude), graph.integers([-1])]);
    const output = `gain_${gains.size}`;
    ops.tensorOutput(graph.node('Div', [magnitudes, norm]), output, [outputs]);
    gains.set(output, name);
    files.add(source.file).add(up.file);
  }
  if (gains.size === 0) return new Map();
  const session = await openSession(graph.finish('DoRA norms', commonFolder([...files]), CPU));
  try {
    const outputs = await session.run({});
    return new Map(Array.from(gains, ([output, name]) => [name, outputs[output]?.data ?? new Float32Array()]));
  } finally {
    await session.close();
  }
};
