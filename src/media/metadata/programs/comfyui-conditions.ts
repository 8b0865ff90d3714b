/**
 * What of a conditioning counts in ComfyUI's nodes that weaken or limit it (nodes.py: ConditioningAverage, ConditioningSetArea,
 * ConditioningSetMask, ConditioningSetTimestepRange). Pure.
 */
import { type Graph, type GraphNode, literalOf } from './comfyui-graph.js';

export interface Conditions {
  /** Names of the inputs that have an effect. */
  names: readonly string[];
  /** Whether they apply to a region, to some steps, or with a share, which is not supported here. */
  isPartial: boolean;
}

const LIMITS = /^(?:Conditioning.*(?:Area|Mask|Timestep)|GLIGEN)/;

/** @param names of the node's conditioning inputs */
export const conditionsOf = (graph: Graph, node: GraphNode, names: readonly string[]): Conditions => {
  const number = (name: string): number | null => {
    const value = literalOf(graph, node.inputs.get(name), [name]);
    return typeof value === 'number' ? value : null;
  };
  if (node.inputs.has('conditioning_to_strength')) {
    const share = number('conditioning_to_strength');
    if (share === 0) return { names: ['conditioning_from'], isPartial: false };
    if (share === 1) return { names: ['conditioning_to'], isPartial: false };
    return { names, isPartial: true };
  }
  if (!LIMITS.test(node.type)) return { names, isPartial: false };
  if (number('strength') === 0) return { names: [], isPartial: false };
  return { names, isPartial: number('start') !== 0 || number('end') !== 1 };
};
