/** A network over a user's weights, as a graph for a device family. */
import { CpuOperators } from '../graph/cpu-operators.js';
import { GraphBuilder, type WrittenGraph } from '../graph/graph-builder.js';
import { commonFolder } from '../weights/common-folder.js';
import type { WeightMap } from '../weights/weight-map.js';
import { LayerScope } from './layer-scope.js';

/** @param name for people: `UNet` @throws WEIGHTS_TENSOR_MISSING WEIGHTS_SHAPE WEIGHTS_DTYPE */
export const writeGraph = (name: string, weights: WeightMap, write: (scope: LayerScope) => void): WrittenGraph => {
  const graph = new GraphBuilder();
  write(new LayerScope(new CpuOperators(graph), weights));
  return graph.finish(name, commonFolder(weights.files));
};
