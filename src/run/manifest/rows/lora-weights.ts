/** Resolves the LoRA weights of a row from its key, its prompt tags and the run's options. */
import { RefineError } from '../../../errors.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { LoraWeight, RefineSettings } from '../../../records/settings.js';
import { takeTags, type PromptTag } from './prompt-tags.js';
import type { RowValues } from './row-keys.js';
import { formatText } from './format-value.js';

/** Adapters that rows can name. */
export interface LoraContext {
  /** Adapters of the run, applied to all rows with their weights. Default: none. */
  loras?: readonly LoraChoice[];
  /** Finds other adapters by their names in rows. Default: finds none. */
  findLora?: FindLora;
}

/** The run's name for a LoRA, or why it is unavailable. */
export type FindLora = (name: string) => { name: string } | { problem: string };

const NONE: FindLora = () => ({
  problem: 'the run has no LoRA of that name; give its file with --lora, or its folder with --lora-dir',
});

/** A LoRA of the run, or one that can be found. */
const findByName = (name: string, { loras = [], findLora = NONE }: LoraContext): ReturnType<FindLora> => {
  const stem = name.normalize('NFC').replace(/\.safetensors$/i, '');
  return loras.find((lora) => lora.name === stem) ?? findLora(name);
};

const PROMPTS = [
  ['prompt', 'prompt'],
  ['negativePrompt', 'negative_prompt'],
] as const;

/** Tags and warnings listed; the rest are counted. */
const SHOWN = 5;

/**
 * Removes the tags from a row's prompts, in syntaxes that have tags, and resolves each LoRA's weight: `lora_weights` overrides
 * the tags, which add up, and both override the run's weights.
 *
 * @returns the settings, and warnings about tags that are not applied
 */
export const applyLoraWeights = (
  settings: Partial<RefineSettings>,
  { lora_weights: own = {} }: RowValues,
  context: LoraContext,
): { settings: Partial<RefineSettings>; warnings: readonly string[] } => {
  const { promptSyntax } = settings;
  const warnings = new Set<string>();
  const prompts: Partial<RefineSettings> = {};
  const tagged = new Map<string, LoraWeight>();
  for (const [setting, key] of PROMPTS) {
    const text = settings[setting];
    if (text === undefined || promptSyntax === undefined) continue;
    const weighted = promptSyntax === 'plain' ? weightedPart(text) : null;
    if (weighted !== null) warnings.add(plainWeightWarning(weighted, key));
    const { prompt, tags } = takeTags(text, promptSyntax);
    if (prompt === text) {
      if (tags.length > 0) warnings.add(plainTagWarning(tags, key, promptSyntax));
      continue;
    }
    prompts[setting] = prompt;
    for (const tag of tags) {
      const { lora, warning } = findTagged(tag, context);
      if (lora !== null) tagged.set(lora.name, add(tagged.get(lora.name) ?? 0, lora.weight));
      if (warning !== null) warnings.add(warning);
    }
  }
  const { loras = [] } = context;
  const ofRun = loras.map(({ name, weight }) => [name, weight] as const);
  const ofRow = Object.entries(own).flatMap(([name, weight]) => {
    const lora = findByName(name, context);
    return 'name' in lora ? [[lora.name, weight] as const] : [];
  });
  const weights = Object.fromEntries([...ofRun, ...tagged, ...ofRow]);
  const resolved = { ...settings };
  Object.assign(resolved, prompts);
  if (Object.keys(weights).length > 0) resolved.loraWeights = weights;
  return {
    settings: resolved,
    warnings: limitList([...warnings], 'more tags were removed from the prompts without being applied.'),
  };
};

/** `(red:1.3)` as A1111 and ComfyUI write it; times and years, `(12:30)`, are words. */
const WEIGHTED = /\((?!\s*\d+\s*:)[^()]+:\s*-?(?:\d(?:\.\d*)?|\.\d+)\s*\)/;

/** The first part with a weight; null: there is none. */
const weightedPart = (text: string): string | null => (text.includes('(') ? (WEIGHTED.exec(text)?.[0] ?? null) : null);

const plainWeightWarning = (part: string, key: string): string =>
  `prompt_syntax plain reads "${formatText(part)}" as words of ${key}. Choose prompt_syntax a1111 or comfy for weights.`;

const plainTagWarning = (tags: readonly PromptTag[], key: string, syntax: string): string => {
  const texts = tags.map(({ text }) => formatText(text));
  return `prompt_syntax ${syntax} reads tags as words of ${key}: ${limitList(texts, 'more').join(', ')}. Choose prompt_syntax a1111 or comfy to apply them, or remove them.`;
};

const limitList = (texts: readonly string[], more: string): string[] =>
  texts.length <= SHOWN ? [...texts] : [...texts.slice(0, SHOWN), `${texts.length - SHOWN} ${more}`];

const add = (a: LoraWeight, b: LoraWeight): LoraWeight => {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const of = (part: 'text_encoder' | 'unet', weight: LoraWeight): number =>
    typeof weight === 'number' ? weight : weight[part];
  return { text_encoder: of('text_encoder', a) + of('text_encoder', b), unet: of('unet', a) + of('unet', b) };
};

const HYPERNETWORKS = /^hypernet/;
const LORAS = /^(?:lora|lyco|locon)$/;

const findTagged = (
  { text, kind, name, weight, unread }: PromptTag,
  context: LoraContext,
): { lora: { name: string; weight: LoraWeight } | null; warning: string | null } => {
  const notApplied = (why: string): ReturnType<typeof findTagged> => ({
    lora: null,
    warning: `Removed ${formatText(text)} from the prompt without applying it: ${why}.`,
  });
  if (HYPERNETWORKS.test(kind)) return notApplied('hypernetworks are not supported');
  if (!LORAS.test(kind)) return notApplied(`"${formatText(kind)}" is not a known kind of network`);
  if (weight === null) return notApplied('its weight is not a number');
  const lora = findByName(name, context);
  if ('problem' in lora) return notApplied(lora.problem);
  const warning =
    unread.length === 0
      ? null
      : `Ignored ${formatText(unread.join(':'))} in ${formatText(text)}: only weights are supported.`;
  return { lora: { name: lora.name, weight }, warning };
};

/** Problems of `lora_weights` that name LoRAs which the run does not have. */
export function* loraProblems({ lora_weights: own = {} }: RowValues, context: LoraContext): Generator<RefineError> {
  const known = (context.loras ?? []).map(({ name }) => name);
  for (const name of Object.keys(own)) {
    const lora = findByName(name, context);
    if ('name' in lora) continue;
    const available = known.length === 0 ? 'the run has none' : `those of the run are ${known.join(', ')}`;
    const why =
      context.findLora === undefined ? `${available}; correct it, or give its file with --lora` : lora.problem;
    yield new RefineError(
      'ROW_FIELD_INVALID',
      `Expected lora_weights to name LoRAs of the run, got "${formatText(name)}": ${why}`,
    );
  }
}
