/** A network over a user's weights, as a graph for a device. */
import { GraphBuilder, type WrittenGraph } from '../../onnx/graph/onnx/graph-builder.js';
import { operatorsFor } from '../../onnx/graph/operators/lowerings.js';
import { CPU, type Target } from '../../onnx/graph/operators/target.js';
import { commonFolder } from '../weights/discovery/common-folder.js';
import type { WeightMap } from '../weights/weight-map.js';
import { declareWeight } from './adapt-layer.js';
import type { Adapter } from './adapter.js';
import { LayerScope, NOTHING_PREPARED, type Prepared } from './layer-scope.js';

export interface GraphOptions {
  /** Default: the CPU. */
  target?: Target;
  /** Default: none. */
  prepared?: Prepared;
  /** Channels of a block, where the CPU has such a layout; default: it has none. */
  block?: number | null;
  /** Default: none. */
  adapters?: readonly Adapter[];
}

/** @param name for people: `UNet` @throws WEIGHTS_TENSOR_MISSING WEIGHTS_SHAPE WEIGHTS_DTYPE */
export const writeGraph = (
  name: string,
  weights: WeightMap,
  write: (scope: LayerScope) => void,
  { target = CPU, prepared = NOTHING_PREPARED, block = null, adapters = [] }: GraphOptions = {},
): WrittenGraph => {
  const graph = new GraphBuilder();
  const ops = operatorsFor(target, graph, block);
  /* Declared whether or not a layer of this network is changed: whoever runs it need not know. */
  for (const { input } of adapters) declareWeight(ops, input);
  write(new LayerScope(ops, weights, { prepared, block, adapters }));
  const made = [prepared.int8, prepared.fast].flatMap((file) => (file === null ? [] : [file.file]));
  const added = adapters.flatMap(({ layers }) => Array.from(layers.values(), ({ up }) => up.file));
  return graph.finish(name, commonFolder([...weights.files, ...made, ...new Set(added)]), target);
};
