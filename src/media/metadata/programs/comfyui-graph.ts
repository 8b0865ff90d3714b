/** A ComfyUI graph in its API form: `{"<id>": {"class_type": "…", "inputs": {name: literal | ["<id>", slot]}}}`. Pure. */
import { MAX_GRAPH_STEPS, MAX_LINK_DEPTH, MAX_NODE_INPUTS, MAX_NODE_NAME_CHARS } from '../limits.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

export interface GraphNode {
  type: string;
  inputs: ReadonlyMap<string, unknown>;
}

export interface Link {
  node: GraphNode;
  /** Index of the node's output. */
  slot: number;
}

/** The graph and its remaining step budget for walks. */
export interface Graph {
  nodes: ReadonlyMap<string, GraphNode>;
  /** Counts a visit to every input of the node; false once the steps are used up, as with a malicious graph. */
  visit(node: GraphNode): boolean;
  isUsedUp(): boolean;
}

/** @returns null if no value of the object is a node */
export const parseGraph = (json: JsonObject, warn: Warn): Graph | null => {
  const nodes = new Map<string, GraphNode>();
  for (const [id, value] of Object.entries(json)) {
    const type = isObject(value) ? valueOf(value, 'class_type') : undefined;
    const inputs = isObject(value) ? valueOf(value, 'inputs') : undefined;
    if (typeof type !== 'string' || !isObject(inputs)) continue;
    const named = Object.entries(inputs).filter(([name]) => name.length <= MAX_NODE_NAME_CHARS);
    nodes.set(id, { type: type.slice(0, MAX_NODE_NAME_CHARS), inputs: new Map(named.slice(0, MAX_NODE_INPUTS)) });
  }
  let steps = 0;
  const visit = ({ inputs }: GraphNode): boolean => {
    steps += 1 + inputs.size;
    if (steps > MAX_GRAPH_STEPS) warn(`Stopped reading the ComfyUI graph after ${MAX_GRAPH_STEPS} steps.`);
    return steps <= MAX_GRAPH_STEPS;
  };
  return nodes.size === 0 ? null : { nodes, visit, isUsedUp: () => steps > MAX_GRAPH_STEPS };
};

/** A link is `[id, slot]`; null for literals and links to missing nodes. */
export const linkOf = ({ nodes }: Graph, value: unknown): Link | null => {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [id, slot] = value as unknown[];
  const node = typeof id === 'string' || typeof id === 'number' ? nodes.get(String(id)) : undefined;
  return node === undefined || typeof slot !== 'number' ? null : { node, slot };
};

/** A node's links whose input names are accepted, in input order. */
export const linksOf = (graph: Graph, node: GraphNode, accepts: (name: string) => boolean): Link[] =>
  graph.visit(node)
    ? [...node.inputs].flatMap(([name, value]) => (accepts(name) ? (linkOf(graph, value) ?? []) : []))
    : [];

/** Whether an input is for a picture or latents; a reroute's input has no name. */
const isPicture = (name: string): boolean => name === '' || /image|latent|samples|pixels|^any/i.test(name);
const isAny = (): boolean => true;

/** Whether a picture or latents are linked to the node. */
export const hasPicture = (graph: Graph, node: GraphNode): boolean => linksOf(graph, node, isPicture).length > 0;

/**
 * The nearest matching node upstream, along picture and latent inputs; through nodes without such inputs, along any input.
 * `from` itself is not tested.
 * @param carries the names of inputs to follow where a node has such
 */
export const findUpstream = (
  graph: Graph,
  from: GraphNode,
  matches: (node: GraphNode) => boolean,
  carries = isPicture,
): GraphNode | null => {
  for (const front of fronts(graph, from, carries, () => false)) {
    const match = front.find(matches);
    if (match !== undefined) return match;
  }
  return null;
};

/** All matching nodes upstream that `findUpstream` would find if the others were not there; none beyond a match. */
export const allUpstream = (graph: Graph, from: GraphNode, matches: (node: GraphNode) => boolean): GraphNode[] =>
  [...fronts(graph, from, isPicture, matches)].flat().filter(matches);

/** Nodes upstream, nearest first, each once. */
function* fronts(
  graph: Graph,
  from: GraphNode,
  carries: (name: string) => boolean,
  ends: (node: GraphNode) => boolean,
): Generator<GraphNode[]> {
  const seen = new Set([from]);
  let front = [from];
  while (front.length > 0) {
    const next = new Set<GraphNode>();
    for (const node of front) {
      if (node !== from && ends(node)) continue;
      const carriers = linksOf(graph, node, carries);
      const links = carriers.length > 0 || node === from ? carriers : linksOf(graph, node, isAny);
      for (const link of links) if (!seen.has(link.node)) next.add(link.node);
    }
    front = [...next];
    yield front;
    for (const node of front) seen.add(node);
  }
}

/** Input names of single-value nodes: primitives, seed nodes, text boxes. */
const VALUE_NAMES = ['value', 'int', 'float', 'number', 'string', 'text'];

/** A number, text or boolean: the literal, or the linked node's value under the input's name or a usual one. */
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
