/** LoRAs of a ComfyUI graph: LoraLoader and its kind, stacks, and rgthree's Power Lora Loader. Pure. */
import { isObject, valueOf } from '../parse-json.js';
import { type Graph, type GraphNode, linksOf } from './comfyui-graph.js';

/** `lora_name`, `lora_name_1`, `lora1_name`, `lora_01`, `lora_1`. */
const LORA = /^lora_?(?:name)?_?(\d*)(?:_name)?$/;

const isModelOrText = (name: string): boolean => !/image|latent|samples|pixels|mask|vae/i.test(name);

/** Names of the LoRAs before the samplers, each once, in the graph's order from the sampler on. */
export const loraNames = (graph: Graph, samplers: readonly GraphNode[]): string[] => {
  const seen = new Set(samplers);
  const names = new Set<string>();
  for (const node of seen) {
    for (const name of namesIn(node)) names.add(name);
    for (const link of linksOf(graph, node, isModelOrText)) seen.add(link.node);
  }
  return [...names];
};

const namesIn = ({ inputs }: GraphNode): string[] =>
  [...inputs].flatMap(([key, value]) => {
    const [, number = null] = LORA.exec(key) ?? [];
    if (number === null || inputs.get(`switch_${number}`) === 'Off') return [];
    if (isObject(value)) return valueOf(value, 'on') === true ? nameOf(valueOf(value, 'lora')) : [];
    return isIdle(inputs, number) ? [] : nameOf(value);
  });

const nameOf = (value: unknown): string[] =>
  typeof value === 'string' && !/^(?:none)?$/i.test(value.trim()) ? [value.replace(/\.safetensors$/i, '')] : [];

/** Whether all of a LoRA's weights are 0. */
const isIdle = (inputs: GraphNode['inputs'], number: string): boolean => {
  const weights = [...inputs].filter(
    ([key, value]) =>
      typeof value === 'number' && /strength|weight/.test(key) && /\d+/.exec(key)?.[0] === (number || undefined),
  );
  return weights.length > 0 && weights.every(([, value]) => value === 0);
};
