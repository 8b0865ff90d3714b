/** What made a ComfyUI picture: a walk upstream from the node that saved it. */
import { type Facts, factsOf } from '../facts.js';
import { MAX_LINK_DEPTH } from '../limits.js';
import type { JsonObject } from '../parse-json.js';
import type { Warn } from '../warnings.js';
import { findUpstream, type Graph, type GraphNode, linkOf, literalOf, parseGraph } from './comfyui-graph.js';
import { textOf } from './comfyui-text.js';

/**
 * Prompts, seed, steps, sampler, guidance and size come from the base stage: the first sampler of the chain that ends in
 * the picture. A later stage (a refiner, a second pass) gives what the base does not say.
 * @param json PNG's `prompt`: the API form of the graph; its `workflow` is not needed
 * @returns null if it is no graph
 */
export const readComfyui = (json: JsonObject, warn: Warn): Facts | null => {
  const graph = parseGraph(json, warn);
  if (graph === null) return null;
  const samplers = stagesOf(graph);
  const [base] = samplers;
  if (base === undefined) {
    warn('The ComfyUI graph has no sampler that is known here.');
    return null;
  }
  const stages = samplers.map((sampler) => stageInputs(graph, sampler));
  const promptOf = (...names: string[]): string | null => {
    const texts = stages.map((inputs) => textOf(graph, firstOf(inputs, names), warn));
    return texts.find(Boolean) ?? texts.find((text) => text !== null) ?? null;
  };
  const literal = (...names: string[]): unknown =>
    stages.map((inputs) => literalOf(graph, firstOf(inputs, names), names)).find((value) => value !== undefined);
  const sized = findUpstream(graph, base, ({ inputs }) => inputs.has('width') && inputs.has('height'));
  const raw = {
    prompt: promptOf('positive', 'conditioning'),
    negativePrompt: promptOf('negative'),
    seed: literal('seed', 'noise_seed'),
    steps: literal('steps'),
    sampler: literal('sampler_name'),
    scheduler: literal('scheduler'),
    guidanceScale: literal('cfg'),
    width: literalOf(graph, sized?.inputs.get('width'), ['width']),
    height: literalOf(graph, sized?.inputs.get('height'), ['height']),
  };
  return factsOf('comfyui', raw, warn);
};

/** Any node with the inputs of KSampler or of SamplerCustom: custom nodes keep those names. */
const isSampler = ({ inputs }: GraphNode): boolean =>
  (inputs.has('sampler_name') && inputs.has('steps') && inputs.has('cfg')) ||
  (inputs.has('sampler') && inputs.has('sigmas'));

const isSaver = ({ type }: GraphNode): boolean => /save.*image|image.*save/i.test(type);
const isPreviewer = ({ type }: GraphNode): boolean => /preview/i.test(type);

/** The samplers of one picture from the first to the last; of several pictures, of the one with the most. */
const stagesOf = (graph: Graph): GraphNode[] => {
  const nodes = [...graph.nodes.values()];
  for (const outputs of [nodes.filter(isSaver), nodes.filter(isPreviewer), nodes.filter(isSampler)]) {
    const chains = outputs.map((output) => chainTo(graph, output));
    const [longest = []] = chains.sort((one, other) => other.length - one.length);
    if (longest.length > 0) return longest;
  }
  return [];
};

const chainTo = (graph: Graph, output: GraphNode): GraphNode[] => {
  const chain: GraphNode[] = isSampler(output) ? [output] : [];
  for (let at: GraphNode | null = output; at !== null && chain.length < MAX_LINK_DEPTH;) {
    at = findUpstream(graph, at, (node) => isSampler(node) && !chain.includes(node));
    if (at !== null) chain.unshift(at);
  }
  return chain;
};

/** SamplerCustom's inputs are spread over nodes of their own. */
const PARTS = ['guider', 'noise', 'sampler', 'sigmas'];

/** A sampler's inputs, and those of the nodes that choose its noise, guidance, sampler and noise levels. */
const stageInputs = (graph: Graph, sampler: GraphNode): ReadonlyMap<string, unknown> => {
  const inputs = new Map(sampler.inputs);
  for (const part of PARTS) {
    let link = linkOf(graph, sampler.inputs.get(part));
    for (let depth = 0; link !== null && depth < MAX_LINK_DEPTH; depth++) {
      for (const [name, value] of link.node.inputs) if (!inputs.has(name)) inputs.set(name, value);
      link = linkOf(graph, link.node.inputs.get(part));
    }
  }
  return inputs;
};

const firstOf = (inputs: ReadonlyMap<string, unknown>, names: readonly string[]): unknown =>
  names.map((name) => inputs.get(name)).find((value) => value !== undefined);
