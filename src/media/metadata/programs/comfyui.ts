/** Generation metadata of a ComfyUI picture, by a walk upstream from the node that saved it. */
import { type ProgramMetadata, parseMetadata, type RawMetadata } from '../generation-metadata.js';
import type { JsonObject } from '../parse-json.js';
import { quote, type Warn, warnOfLoras } from '../warnings.js';
import { findUpstream, type Graph, type GraphNode, hasPicture, literalOf, parseGraph } from './comfyui-graph.js';
import { isPipe, pipeNames, type Side } from './comfyui-inputs.js';
import { loraNames } from './comfyui-loras.js';
import { samplersOf, type Stage, stageOf } from './comfyui-stages.js';
import { sideText, type SideText } from './comfyui-text.js';

/**
 * Prompts, seed, steps, sampler, guidance and size come from the base stage: the first sampler of the chain that ends in
 * the picture. A later stage (a refiner, a second pass) gives values that the base stage lacks. ComfyUI writes one graph into
 * all pictures that it makes: values in which these differ are unknown.
 * @param json PNG's `prompt`: the API form of the graph; its `workflow` is not needed
 * @returns null if it is not a graph
 */
export const readComfyui = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const graph = parseGraph(json, warn);
  if (graph === null) return null;
  const { chain, others } = samplersOf(graph);
  const [base] = chain;
  if (base === undefined) {
    warn('Found no supported sampler in the ComfyUI graph.');
    return null;
  }
  const raw = rawOf(graph, base, chain, warn);
  warnOfLoras(loraNames(graph, chain), warn);
  const unknown = differingKeys(
    raw,
    others.map((first) => rawOf(graph, first, [first], () => undefined)),
  );
  if (unknown.length > 0)
    warn(
      `The ComfyUI graph makes several pictures, and nothing says which this one is. Left out, because they differ: ${unknown.map((key) => NAMES[key] ?? key).join(', ')}.`,
    );
  const known = Object.entries(raw).filter(([key]) => !unknown.some((other) => other === key));
  return parseMetadata('comfyui', Object.fromEntries(known), warn);
};

type Key = keyof RawMetadata;

const NAMES: Readonly<Partial<Record<Key, string>>> = { negativePrompt: 'negative prompt', guidanceScale: 'guidance' };

const differingKeys = (raw: RawMetadata, others: readonly RawMetadata[]): Key[] =>
  (Object.keys(raw) as Key[]).filter((key) => others.some((other) => String(other[key]) !== String(raw[key])));

/** @param samplers of one picture, the first one, `base`, first */
const rawOf = (graph: Graph, base: GraphNode, samplers: readonly GraphNode[], warn: Warn): RawMetadata => {
  const stages = samplers.map((sampler) => stageOf(graph, sampler, warn));
  const literal = (...names: string[]): unknown =>
    stages.map(({ inputs }) => literalOf(graph, firstOf(inputs, names), names)).find((value) => value !== undefined);
  const prompts = promptsOf(graph, stages, warn);
  return {
    prompt: prompts.positive,
    negativePrompt: prompts.negative,
    seed: literal('seed', 'noise_seed'),
    steps: literal('steps'),
    sampler: literal('sampler_name'),
    scheduler: literal('scheduler'),
    guidanceScale: literal('cfg'),
    ...sizeOf(graph, base),
  };
};

const SIDES: readonly Side[] = ['positive', 'negative'];
const SIDE_INPUTS: Readonly<Record<Side, readonly string[]>> = {
  positive: ['positive', 'conditioning', 'cond1'],
  negative: ['negative'],
};

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
    const split = splitBy(texts);
    if (split !== undefined) {
      warn(
        `The prompts of the ComfyUI graph are unknown: positive and negative come from different outputs of ${quote(split.type)}.`,
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

const NO_OUTPUTS: ReadonlySet<number> = new Set();

/** A node without sides whose one text seems to be both: it has different outputs for them. */
const splitBy = ({ positive, negative }: Partial<Record<Side, SideText>>): GraphNode | undefined => {
  if (positive?.text == null || negative?.text == null) return undefined;
  return [...positive.outputs.keys()].find((node) => {
    const own = positive.outputs.get(node) ?? NO_OUTPUTS;
    const other = negative.outputs.get(node) ?? own;
    return own.size !== other.size || [...own].some((slot) => !other.has(slot));
  });
};

const SIZES = [
  ['width', 'height'],
  ['empty_latent_width', 'empty_latent_height'],
] as const;

/** Pixels of the base stage's input, or of its pipe's loader. A loader may have them as text, `832 x 1216`, which overrides its numbers. */
const sizeOf = (graph: Graph, base: GraphNode): { width?: unknown; height?: unknown } => {
  const namesIn = ({ inputs }: GraphNode): (typeof SIZES)[number] | undefined =>
    SIZES.find((names) => names.every((name) => inputs.has(name)));
  const isSized = (node: GraphNode): boolean => namesIn(node) !== undefined;
  const sized = hasPicture(graph, base)
    ? findUpstream(graph, base, isSized)
    : findUpstream(graph, base, isSized, isPipe);
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

const firstOf = (inputs: ReadonlyMap<string, unknown>, names: readonly string[]): unknown =>
  names.map((name) => inputs.get(name)).find((value) => value !== undefined);
