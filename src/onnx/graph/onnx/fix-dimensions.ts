/** Fixes the dynamic dimensions of a graph, for devices that compile for known sizes only. */
import type { onnx as Onnx } from '#onnx-proto';
import type { WrittenGraph } from './graph-builder.js';
import { onnx } from './onnx-messages.js';

/**
 * Replaces each dynamic dimension of an input by its size in `inputs`, everywhere in the graph. Other dimensions stay dynamic.
 * @param inputs dimensions, by name of the input
 */
export const fixDimensions = (
  graph: WrittenGraph,
  inputs: Readonly<Record<string, readonly number[]>>,
): WrittenGraph => {
  const model = onnx.ModelProto.decode(graph.bytes);
  const sizes = new Map<string, number>();
  for (const value of model.graph?.input ?? []) {
    const fixed = inputs[value.name ?? ''];
    for (const [axis, { dimParam }] of dimsOf(value).entries()) {
      const size = fixed?.[axis];
      if (dimParam && size !== undefined) sizes.set(dimParam, size);
    }
  }
  for (const value of [...(model.graph?.input ?? []), ...(model.graph?.output ?? [])]) {
    for (const dim of dimsOf(value)) {
      const size = dim.dimParam ? sizes.get(dim.dimParam) : undefined;
      if (size === undefined) continue;
      delete dim.dimParam;
      dim.dimValue = size;
    }
  }
  return { ...graph, bytes: onnx.ModelProto.encode(model).finish() };
};

const dimsOf = (value: Onnx.IValueInfoProto): Onnx.TensorShapeProto.IDimension[] =>
  value.type?.tensorType?.shape?.dim ?? [];
