/** A ComfyUI graph in its API form: `{"<id>": {"class_type": "…", "inputs": {name: literal | ["<id>", slot]}}}`. Pure. */
import { MAX_GRAPH_STEPS, MAX_LINK_DEPTH, MAX_NODE_INPUTS } from '../limits.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

export interface GraphNode {
  type: string;
  inputs: ReadonlyMap<string, unknown>;
}

export interface Link {
  node: GraphNode;
  /** Which output of the node. */
  slot: number;
}

/** The graph, and what is left of the steps that a walk through it may take. */
export interface Graph {
  nodes: ReadonlyMap<string, GraphNode>;
  /** Counts a look at every input of the node; false once the steps are used up, which a graph may be made for. */
  visit(node: GraphNode): boolean;
  isUsedUp(): boolean;
}

/** @returns null if no value of the object is a node */
export const parseGraph = (json: JsonObject, warn: Warn): Graph | null => {
  const nodes = new Map<string, GraphNode>();
  for (const [id, value] of Object.entries(json)) {
    const type = isObject(value) ? valueOf(value, 'class_type') : undefined;
    const inputs = isObject(value) ? valueOf(value, 'inputs') : undefined;
    if (typeof type === 'string' && isObject(inputs))
      nodes.set(id, { type, inputs: new Map(Object.entries(inputs).slice(0, MAX_NODE_INPUTS)) });
  }
  let steps = 0;
  const visit = ({ inputs }: GraphNode): boolean => {
    steps += 1 + inputs.size;
    if (steps > MAX_GRAPH_STEPS) warn(`Stopped reading the ComfyUI graph after ${MAX_GRAPH_STEPS} steps.`);
    return steps <= MAX_GRAPH_STEPS;
  };
  return nodes.size === 0 ? null : { nodes, visit, isUsedUp: () => steps > MAX_GRAPH_STEPS };
};

/** A link is `[id, slot]`; null for literals, and for links to no node. */
export const linkOf = ({ nodes }: Graph, value: unknown): Link | null => {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [id, slot] = value as unknown[];
  const node = typeof id === 'string' || typeof id === 'number' ? nodes.get(String(id)) : undefined;
  return node === undefined || typeof slot !== 'number' ? null : { node, slot };
};

/** Links of a node that its inputs' names let through, in the order of its inputs. */
export const linksOf = (graph: Graph, node: GraphNode, accepts: (name: string) => boolean): Link[] =>
  graph.visit(node)
    ? [...node.inputs].flatMap(([name, value]) => (accepts(name) ? (linkOf(graph, value) ?? []) : []))
    : [];

/** What carries a picture or latents; a reroute's input has no name. */
const isPicture = (name: string): boolean => name === '' || /image|latent|samples|pixels|^any/i.test(name);
const isAny = (): boolean => true;

/**
 * The nearest node upstream of one, by what carries the picture; past nodes with none of that, by any input.
 * The node itself is not looked at.
 */
export const findUpstream = (graph: Graph, from: GraphNode, wanted: (node: GraphNode) => boolean): GraphNode | null => {
  const seen = new Set([from]);
  let front = [from];
  while (front.length > 0) {
    const next = new Set<GraphNode>();
    for (const node of front) {
      const carriers = linksOf(graph, node, isPicture);
      const links = carriers.length > 0 || node === from ? carriers : linksOf(graph, node, isAny);
      for (const link of links) if (!seen.has(link.node)) next.add(link.node);
    }
    front = [...next];
    const found = front.find(wanted);
    if (found !== undefined) return found;
    for (const node of front) seen.add(node);
  }
  return null;
};

/** Names under which nodes of one value keep it: primitives, seed nodes, text boxes. */
const VALUE_NAMES = ['value', 'int', 'float', 'number', 'string', 'text'];

/** A number, text or boolean: the literal itself, or what the linked node holds, under the input's own name or a usual one. */
export const literalOf = (graph: Graph, value: unknown, names: readonly string[], depth = 0): unknown => {
  if (['string', 'number', 'boolean'].includes(typeof value)) return value;
  const link = linkOf(graph, value);
  if (link === null || depth === MAX_LINK_DEPTH || !graph.visit(link.node)) return undefined;
  const { inputs } = link.node;
  const name = [...names, ...VALUE_NAMES].find((candidate) => inputs.has(candidate));
  if (name !== undefined) return literalOf(graph, inputs.get(name), names, depth + 1);
  const [only, second] = linksOf(graph, link.node, isAny);
  if (only === undefined || second !== undefined) return undefined;
  const through = [...inputs.values()].find((candidate) => linkOf(graph, candidate) !== null);
  return literalOf(graph, through, names, depth + 1);
};
