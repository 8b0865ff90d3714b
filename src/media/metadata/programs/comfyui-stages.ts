/** The samplers that made the pictures of a ComfyUI graph. Pure. */
import { MAX_LINK_DEPTH } from '../limits.js';
import type { Warn } from '../warnings.js';
import { allUpstream, findUpstream, type Graph, type GraphNode, linkOf } from './comfyui-graph.js';
import { switchedName } from './comfyui-inputs.js';
import { namedPart, type Part } from './comfyui-parts.js';

export interface Stage {
  sampler: GraphNode;
  /** Inputs of the sampler and of the nodes linked to it as `PARTS`. */
  inputs: ReadonlyMap<string, unknown>;
}

/** Any node with the inputs of KSampler or of SamplerCustom: custom nodes keep those names. */
const isSampler = ({ inputs }: GraphNode): boolean =>
  (inputs.has('sampler_name') && inputs.has('steps') && inputs.has('cfg')) ||
  (inputs.has('sampler') && inputs.has('sigmas'));

const isSaver = ({ type }: GraphNode): boolean => /save/i.test(type) && /image/i.test(type);
const isPreviewer = ({ type }: GraphNode): boolean => /preview/i.test(type);

export interface Samplers {
  /** The samplers of one picture from the first to the last: of the picture with the most. Empty if there are none. */
  chain: GraphNode[];
  /** First samplers of all other pictures, and of parts of one picture. ComfyUI writes one graph into all of them. */
  others: GraphNode[];
}

export const samplersOf = (graph: Graph): Samplers => {
  const nodes = [...graph.nodes.values()];
  for (const outputs of [nodes.filter(isSaver), nodes.filter(isPreviewer), nodes.filter(isSampler)]) {
    const chains = outputs.map((output) => chainTo(graph, output));
    const [chain = []] = chains.sort((a, b) => b.length - a.length);
    const [base] = chain;
    if (base !== undefined) return { chain, others: firstSamplers(graph, outputs).filter((node) => node !== base) };
  }
  return { chain: [], others: [] };
};

const chainTo = (graph: Graph, output: GraphNode): GraphNode[] => {
  const chain: GraphNode[] = isSampler(output) ? [output] : [];
  for (let at: GraphNode | null = output; at !== null && chain.length < MAX_LINK_DEPTH;) {
    at = findUpstream(graph, at, (node) => isSampler(node) && !chain.includes(node));
    if (at !== null) chain.unshift(at);
  }
  return chain;
};

/** The samplers before which there is none, of all outputs. */
const firstSamplers = (graph: Graph, outputs: readonly GraphNode[]): GraphNode[] => {
  const seen = new Set(outputs);
  const first: GraphNode[] = [];
  for (const node of seen) {
    const before = allUpstream(graph, node, isSampler);
    for (const sampler of before) seen.add(sampler);
    if (before.length === 0 && isSampler(node)) first.push(node);
  }
  return first;
};

const PARTS: readonly Part[] = ['guider', 'noise', 'sampler', 'sigmas'];

/** A sampler's inputs, and those of the nodes that choose its noise, guidance, sampler and noise levels. */
export const stageOf = (graph: Graph, sampler: GraphNode, warn: Warn): Stage => {
  const inputs = new Map(sampler.inputs);
  const add = ([name, value]: readonly [string, unknown]): void => {
    if (!inputs.has(name)) inputs.set(name, value);
  };
  for (const part of PARTS) {
    let last: GraphNode | null = null;
    let link = linkOf(graph, sampler.inputs.get(part));
    for (let depth = 0; link !== null && depth < MAX_LINK_DEPTH; depth++) {
      last = link.node;
      for (const input of last.inputs) add(input);
      link = linkOf(graph, last.inputs.get(part) ?? last.inputs.get(switchedName(graph, last) ?? ''));
    }
    const named = last === null ? null : namedPart(part, last, warn);
    if (named !== null) add(named);
  }
  return { sampler, inputs };
};
