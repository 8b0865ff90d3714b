/** Writes a network over a user's weights as a graph for a device. */
import { GraphBuilder, type WrittenGraph } from '../../onnx/graph/onnx/graph-builder.js';
import { operatorsFor } from '../../onnx/graph/operators/lowerings.js';
import { CPU, type Target } from '../../onnx/graph/operators/target.js';
import { commonFolder } from '../weights/discovery/common-folder.js';
import type { WeightMap } from '../weights/weight-map.js';
import { declareAdapterWeight } from './adapt-layer.js';
import type { Adapter } from './adapter.js';
import { LayerScope, NOTHING_PREPARED, type Prepared } from './layer-scope.js';

export interface GraphOptions {
  /** Default: the CPU. */
  target?: Target;
  /** Default: none. */
  prepared?: Prepared;
  /** Channels of an NCHWc block (CPU only); default: no such layout. */
  blockSize?: number | null;
  /** Default: none. */
  adapters?: readonly Adapter[];
}

/** @param name for messages: `UNet` @throws WEIGHTS_TENSOR_MISSING WEIGHTS_SHAPE WEIGHTS_DTYPE */
export const writeGraph = (
  name: string,
  weights: WeightMap,
  write: (scope: LayerScope) => void,
  { target = CPU, prepared = NOTHING_PREPARED, blockSize = null, adapters = [] }: GraphOptions = {},
): WrittenGraph => {
  const graph = new GraphBuilder();
  const ops = operatorsFor(target, graph, blockSize);
  /* Here, not where the first layer uses one: that may be in a loop's body, whose values end with it. */
  for (const { input } of adapters) declareAdapterWeight(ops, input);
  write(new LayerScope(ops, weights, { prepared, blockSize, adapters }));
  const preparedFiles = [prepared.int8, prepared.transformed].flatMap((file) => (file === null ? [] : [file.file]));
  const adapterFiles = adapters.flatMap(({ layers }) => Array.from(layers.values(), ({ up }) => up.file));
  return graph.finish(name, commonFolder([...weights.files, ...preparedFiles, ...new Set(adapterFiles)]), target);
};
