/** Generation metadata of a ComfyUI picture, by a walk upstream from the node that saved it. */
import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { MAX_LINK_DEPTH } from '../limits.js';
import type { JsonObject } from '../parse-json.js';
import { quote, type Warn } from '../warnings.js';
import { findUpstream, type Graph, type GraphNode, linkOf, literalOf, parseGraph } from './comfyui-graph.js';
import { pipeNames, type Side } from './comfyui-inputs.js';
import { sideText, type SideText } from './comfyui-text.js';

/**
 * Prompts, seed, steps, sampler, guidance and size come from the base stage: the first sampler of the chain that ends in
 * the picture. A later stage (a refiner, a second pass) gives values that the base stage lacks.
 * @param json PNG's `prompt`: the API form of the graph; its `workflow` is not needed
 * @returns null if it is not a graph
 */
export const readComfyui = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const graph = parseGraph(json, warn);
  if (graph === null) return null;
  const samplers = stagesOf(graph);
  const [base] = samplers;
  if (base === undefined) {
    warn('Found no supported sampler in the ComfyUI graph.');
    return null;
  }
  const stages = samplers.map((sampler): Stage => ({ sampler, inputs: stageInputs(graph, sampler) }));
  const literal = (...names: string[]): unknown =>
    stages.map(({ inputs }) => literalOf(graph, firstOf(inputs, names), names)).find((value) => value !== undefined);
  const prompts = promptsOf(graph, stages, warn);
  const raw = {
    prompt: prompts.positive,
    negativePrompt: prompts.negative,
    seed: literal('seed', 'noise_seed'),
    steps: literal('steps'),
    sampler: literal('sampler_name'),
    scheduler: literal('scheduler'),
    guidanceScale: literal('cfg'),
    ...sizeOf(graph, base),
  };
  return parseMetadata('comfyui', raw, warn);
};

const SIDES: readonly Side[] = ['positive', 'negative'];
const SIDE_INPUTS: Readonly<Record<Side, readonly string[]>> = {
  positive: ['positive', 'conditioning', 'cond1'],
  negative: ['negative'],
};

interface Stage {
  sampler: GraphNode;
  /** Inputs of the sampler and of the nodes linked to it as `PARTS`. */
  inputs: ReadonlyMap<string, unknown>;
}

/** Prompts of the first stage with a non-empty one. If that is unclear the prompt is unknown: a later stage's may be for a detail. */
const promptsOf = (graph: Graph, stages: readonly Stage[], warn: Warn): Record<Side, string | null> => {
  const prompts: Record<Side, string | null> = { positive: null, negative: null };
  const isOpen: Record<Side, boolean> = { positive: true, negative: true };
  for (const { sampler, inputs } of stages) {
    const texts: Partial<Record<Side, SideText>> = {};
    for (const side of SIDES) {
      const value = firstOf(inputs, SIDE_INPUTS[side]);
      const isThere = value !== undefined || pipeNames(graph, sampler).length > 0;
      if (isOpen[side] && isThere) texts[side] = sideText(graph, { sampler, value }, side, warn);
      else if (side === 'positive' && !isThere)
        warn(`The sampler ${quote(sampler.type)} of the ComfyUI graph has no positive prompt.`);
    }
    const crossed = [...(texts.positive?.crossed ?? [])].find(
      ([node, slot]) => texts.negative?.crossed.get(node) === slot,
    );
    if (crossed !== undefined) {
      warn(
        `The prompts of the ComfyUI graph are unknown: positive and negative come from one output of ${quote(crossed[0].type)}.`,
      );
      return { positive: null, negative: null };
    }
    for (const side of SIDES) {
      const { text = null, isUnclear = false } = texts[side] ?? {};
      prompts[side] = text ?? prompts[side];
      isOpen[side] &&= !isUnclear && !text;
    }
  }
  return prompts;
};

const SIZES = [
  ['width', 'height'],
  ['empty_latent_width', 'empty_latent_height'],
] as const;

/** Pixels of the base stage's input. A loader may have them as text, `832 x 1216`, which overrides its numbers. */
const sizeOf = (graph: Graph, base: GraphNode): { width?: unknown; height?: unknown } => {
  const namesIn = ({ inputs }: GraphNode): (typeof SIZES)[number] | undefined =>
    SIZES.find((names) => names.every((name) => inputs.has(name)));
  const sized = findUpstream(graph, base, (node) => namesIn(node) !== undefined);
  const names = sized === null ? undefined : namesIn(sized);
  if (sized === null || names === undefined) return {};
  const resolution = sized.inputs.get('resolution');
  const [, across, down] = /^(\d+) ?x ?(\d+)/.exec(typeof resolution === 'string' ? resolution : '') ?? [];
  if (across !== undefined) return { width: across, height: down };
  const [width, height] = names;
  return {
    width: literalOf(graph, sized.inputs.get(width), ['width']),
    height: literalOf(graph, sized.inputs.get(height), ['height']),
  };
};

/** Any node with the inputs of KSampler or of SamplerCustom: custom nodes keep those names. */
const isSampler = ({ inputs }: GraphNode): boolean =>
  (inputs.has('sampler_name') && inputs.has('steps') && inputs.has('cfg')) ||
  (inputs.has('sampler') && inputs.has('sigmas'));

const isSaver = ({ type }: GraphNode): boolean => /save/i.test(type) && /image/i.test(type);
const isPreviewer = ({ type }: GraphNode): boolean => /preview/i.test(type);

/** The samplers of one picture from the first to the last; of several pictures, of the one with the most. */
const stagesOf = (graph: Graph): GraphNode[] => {
  const nodes = [...graph.nodes.values()];
  for (const outputs of [nodes.filter(isSaver), nodes.filter(isPreviewer), nodes.filter(isSampler)]) {
    const chains = outputs.map((output) => chainTo(graph, output));
    const [longest = []] = chains.sort((a, b) => b.length - a.length);
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

/** Inputs of SamplerCustom that are separate nodes. */
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
