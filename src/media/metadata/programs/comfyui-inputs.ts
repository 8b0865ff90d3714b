/** Classifies inputs of ComfyUI nodes by name: a graph in API form has no types. Pure. */
import { MAX_PROMPT_CHARS } from '../limits.js';
import { type Graph, type GraphNode, linkOf, literalOf } from './comfyui-graph.js';

/** One of a sampler's two conditionings. */
export type Side = 'positive' | 'negative';

export const otherSide = (side: Side): Side => (side === 'positive' ? 'negative' : 'positive');

/** `positive`, `base_positive`, `pos`, `optional_negative`, `text_positive_g`, `positive_prompt`, …; not `negative_prompt_to`, `positive_ascore`. */
const SIDE_NAME =
  /^(?:base_|optional_|opt_|text_|prompt_|conditioning_|cond_|clip_|string_)?(pos|neg)(?:itive|ative)?(?:_?(?:prompt|text|conditioning|cond|string))?(?:_?[gl]|_?\d)?$/i;
/** Inputs for text; inputs for conditionings sort before them. */
const IS_TEXT = /text|prompt|string|_[gl]$/i;

const isWired = (graph: Graph, value: unknown): boolean => typeof value === 'string' || linkOf(graph, value) !== null;

/** Names of a node's inputs for one side, conditionings first. */
export const sideNames = (graph: Graph, { inputs }: GraphNode, side: Side): string[] => {
  const names = [...inputs.keys()].filter(
    (name) => SIDE_NAME.exec(name)?.[1]?.toLowerCase() === side.slice(0, 3) && isWired(graph, inputs.get(name)),
  );
  const rank = (name: string): number => (name === side ? 0 : IS_TEXT.test(name) ? 2 : 1);
  return names.sort((a, b) => rank(a) - rank(b));
};

/** Output slots of nodes with both sides, where known: links may cross. */
const SIDE_SLOTS: ReadonlyMap<string, readonly [positive: number, negative: number]> = new Map([
  ['ControlNetApplyAdvanced', [0, 1]],
  ['ControlNetApplySD3', [0, 1]],
  ['InpaintModelConditioning', [0, 1]],
  ['SDXLPromptStyler', [0, 1]],
  ['Efficient Loader', [1, 2]],
  ['KSampler (Efficient)', [1, 2]],
  ['Unpack SDXL Tuple', [2, 3]],
  ['FromBasicPipe', [3, 4]],
  ['FromBasicPipe_v2', [4, 5]],
  ['Context (rgthree)', [4, 5]],
]);

/** The side of a node's output; null if only input names tell. */
export const sideOfSlot = ({ type }: GraphNode, slot: number): Side | null => {
  const slots = SIDE_SLOTS.get(type);
  if (slots?.[0] === slot) return 'positive';
  return slots?.[1] === slot ? 'negative' : null;
};

/** Inputs with both sides in one link: `basic_pipe`, `ctx_01`, `base_ctx`, `sdxl_tuple`, `bus`. */
const PIPE = /(?:^|_)(?:pipe|pipeline|context|ctx|bus|bundle|tuple)(?:_?\d+|_opt)?$/i;

export const isPipe = (name: string): boolean => PIPE.test(name);

/** Linked inputs with both sides. The last one counts in a merge node, the first one in other nodes. */
export const pipeNames = (graph: Graph, { type, inputs }: GraphNode): string[] => {
  const names = [...inputs.keys()].filter((name) => PIPE.test(name) && linkOf(graph, inputs.get(name)) !== null);
  return /merge/i.test(type) ? names.reverse() : names;
};

const CONDITIONING = /^cond(?:itioning)?(?:s|_?\d+|_to|_from|_[a-z])?$/i;

export const conditioningNames = (graph: Graph, { inputs }: GraphNode): string[] =>
  [...inputs.keys()].filter((name) => CONDITIONING.test(name) && linkOf(graph, inputs.get(name)) !== null);

/** Names of text inputs; `populated_text` is a wildcard node's expansion of its `text`. */
const TEXT_NAMES = ['populated_text', 'text', 'string', 'value', 'prompt', 'wildcard_text', 'text_0'];

export const textNames = (graph: Graph, { inputs }: GraphNode): string[] =>
  TEXT_NAMES.filter((name) => typeof inputs.get(name) === 'number' || isWired(graph, inputs.get(name)));

/** Inputs of nodes that join texts: `string_a`, `text_1`, `text2`. */
const TEXT_PART = /^(?:text|string|value)_?[a-z\d]$/;

export const partNames = ({ inputs }: GraphNode): string[] => [...inputs.keys()].filter((name) => TEXT_PART.test(name));

const MAX_DELIMITER_CHARS = 20;

/** Delimiter between joined texts; null if the node has none. */
export const delimiterOf = ({ inputs }: GraphNode): string | null => {
  const delimiter = inputs.get('delimiter') ?? inputs.get('separator');
  return typeof delimiter === 'string' ? delimiter.slice(0, MAX_DELIMITER_CHARS).replaceAll('\\n', '\n') : null;
};

const textsOf = ({ inputs }: GraphNode): string[] =>
  [...inputs.values()].filter(
    (value): value is string => typeof value === 'string' && value.length <= MAX_PROMPT_CHARS,
  );

/** Whether a node's output may differ from its text: by rules, at random, or because a language model writes it. */
export const changesText = (node: GraphNode): boolean => {
  const { type, inputs } = node;
  const has = (name: string): boolean => inputs.has(name);
  if (has('populated_text')) return false;
  const texts = textsOf(node);
  const isDrawn = DRAWS.test(type) ? texts.some((text) => CHOICE.test(text) || isLine(type, text)) : has('seed');
  return (
    isDrawn ||
    WRITES.test(type) ||
    CUTS.test(type) ||
    typeof inputs.get('model') === 'string' ||
    CHANGES.some(has) ||
    inputs.get('action') === 'replace' ||
    (LINES.some(has) && texts.some((text) => text.includes('\n')))
  );
};

const DRAWS = /random|wildcard|^DP[A-Z]/i;
const isLine = (type: string, text: string): boolean => /line/i.test(type) && text.includes('\n');
/** `{red|blue}`, `__colours__`. */
const CHOICE = /\{[^{}|]*\|[^{}]*\}|__[^_\s]+__/;
/** Names of language models, and nodes that describe, answer or translate. */
const WRITES =
  /LLM|(?:^|[^a-z])(?:GPT|Qwen|VLM)|ollama|openai|chatgpt|gemini|claude|deepseek|groq|mistral|florence|llava|joycaption|caption|interrogat|tagger|translat|magicprompt|superprompt/i;
/** Nodes whose outputs are pieces of their text. */
const CUTS = /split|substring|truncate|extract/i;
/** Inputs of nodes that replace text, choose it by frame, or have a language model write it. */
const CHANGES = [
  ...['find', 'regex', 'regex_pattern', 'pattern', 'replace'],
  ...['system', 'system_prompt', 'system_message', 'system_msg', 'instruction', 'instructions'],
  ...['temperature', 'top_p', 'top_k', 'max_tokens', 'max_new_tokens', 'keep_alive'],
  ...['url', 'base_url', 'api_url', 'api_key', 'apikey', 'llm_model', 'model_name', 'max_frames'],
];
/** Inputs that choose among a text's lines. */
const LINES = ['start_index', 'max_rows', 'line_number', 'line_index', 'line', 'row', 'index'];

/** Text inputs for each text encoder of SDXL, SD3 and Flux. */
const ENCODER_TEXTS = ['text_g', 'text_l', 'prompt_g', 'prompt_l', 'clip_g', 'clip_l', 't5xxl'];

export const encoderTextNames = (graph: Graph, { inputs }: GraphNode): string[] =>
  ENCODER_TEXTS.filter((name) => isWired(graph, inputs.get(name)));

/**
 * The input that a switch passes: for `select: 2` the second, for a true `boolean` `on_true`, for inputs without a selector
 * (`any_01`, `any_02`) the first.
 * @returns undefined if the node is not a switch; null if the selected input is unknown
 */
export const switchedName = (graph: Graph, { type, inputs }: GraphNode): string | null | undefined => {
  const names = [...inputs.keys()];
  if (inputs.has('on_true') && inputs.has('on_false')) {
    const choice = ['boolean', 'switch', 'condition', 'value']
      .map((name) => literalOf(graph, inputs.get(name), ['boolean']))
      .find((value) => typeof value === 'boolean');
    return choice === undefined ? null : choice ? 'on_true' : 'on_false';
  }
  const numbered = names.filter((name) => NUMBERED.test(name) && linkOf(graph, inputs.get(name)) !== null);
  const selector = ['select', 'Input', 'input', 'selected_index'].find(
    (name) => inputs.has(name) && !numbered.includes(name),
  );
  if (numbered.length === 0) return undefined;
  if (selector !== undefined) {
    const choice = literalOf(graph, inputs.get(selector), [selector]);
    return numbered.find((name) => Number(NUMBERED.exec(name)?.[1]) === Number(choice)) ?? null;
  }
  return /switch/i.test(type) || names.every((name) => /^any_\d+$/.test(name)) ? numbered[0] : undefined;
};

const NUMBERED = /^(?:input|conditioning|cond|text|string|any|value|ctx|pipe)_?(\d+)$/i;

/** Inputs that never lead to a text. */
const NO_TEXT =
  /^(?:clip|clip_\d|opt_clip.*|opt_model.*|model|base_model|vae|optional_vae|images?|masks?|latents?|latent_image|samples|pixels|control_net|.*stack|style_model|clip_vision.*|seed|.*noise_seed|width|height|.*strength|gligen.*)$/i;

/** Linked inputs through which an unknown node may pass text. */
export const passingNames = (graph: Graph, { inputs }: GraphNode): string[] =>
  [...inputs.keys()].filter((name) => !NO_TEXT.test(name) && linkOf(graph, inputs.get(name)) !== null);

const STYLE = /^styles?(?:_?name|_?\d)?$/;
/** Styles that leave the text as it is. */
const NO_STYLE = /^(?:|-|none|no[ _]?style|(?:sai-)?base)$/i;

/** Styles that a node adds to its texts; their words are not in the graph. */
export const stylesOf = ({ inputs }: GraphNode): string[] => {
  // easy stylesSelector: `styles` is the list to choose from.
  const names = inputs.has('select_styles') ? ['select_styles'] : [...inputs.keys()].filter((name) => STYLE.test(name));
  return names
    .map((name) => inputs.get(name))
    .filter((value): value is string => typeof value === 'string' && !NO_STYLE.test(value.trim()));
};
