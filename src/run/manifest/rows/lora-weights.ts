/** Resolves the LoRA weights of a row from its key, its prompt tags and the run's options. */
import { RefineError } from '../../../errors.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { LoraWeight, RefineSettings } from '../../../records/settings.js';
import { takeTags, type PromptTag } from './prompt-tags.js';
import type { RowValues } from './row-keys.js';
import { formatText } from './format-value.js';

/** Adapters that rows can name. */
export interface LoraContext {
  /** Adapters of the run, which all rows have at their weights. Default: none. */
  loras?: readonly LoraChoice[];
  /** Finds others by the names that rows give them. Default: there are none. */
  findLora?: FindLora;
}

/** The run's name for a LoRA, or why it has none. */
export type FindLora = (name: string) => { name: string } | { problem: string };

const NONE: FindLora = () => ({
  problem: 'the run has no LoRA of that name; give its file with --lora, or its folder with --lora-dir',
});

/** A LoRA of the run, or one that can be found. */
const findByName = (name: string, { loras = [], findLora = NONE }: LoraContext): ReturnType<FindLora> => {
  const own = name.normalize('NFC').replace(/\.safetensors$/i, '');
  return loras.find((lora) => lora.name === own) ?? findLora(name);
};

const PROMPTS = [
  ['prompt', 'prompt'],
  ['negativePrompt', 'negative_prompt'],
] as const;

/** Tags and warnings that are named; the rest are counted. */
const SHOWN = 5;

/**
 * Takes the tags out of a row's prompts, under the syntaxes that have tags, and gives each LoRA its weight: `lora_weights` beats
 * the tags, which add up, and both beat the run's.
 *
 * @returns the settings, and what to say of tags that are not applied
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
    const { prompt, tags } = takeTags(text, promptSyntax);
    if (prompt === text) {
      if (tags.length > 0) warnings.add(plainTagWarning(tags, key, promptSyntax));
      continue;
    }
    prompts[setting] = prompt;
    for (const tag of tags) {
      const { found, says: warning } = findTagged(tag, context);
      if (found !== null) tagged.set(found.name, add(tagged.get(found.name) ?? 0, found.weight));
      if (warning !== null) warnings.add(warning);
    }
  }
  const { loras = [] } = context;
  const ofRun = loras.map(({ name, weight }) => [name, weight] as const);
  const ofRow = Object.entries(own).flatMap(([name, weight]) => {
    const found = findByName(name, context);
    return 'name' in found ? [[found.name, weight] as const] : [];
  });
  const weights = Object.fromEntries([...ofRun, ...tagged, ...ofRow]);
  return {
    settings: { ...settings, ...prompts, ...(Object.keys(weights).length === 0 ? {} : { loraWeights: weights }) },
    warnings: limitList([...warnings], 'more tags were removed from the prompts without being applied.'),
  };
};

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
): { found: { name: string; weight: LoraWeight } | null; says: string | null } => {
  const notApplied = (why: string): ReturnType<typeof findTagged> => ({
    found: null,
    says: `Removed ${formatText(text)} from the prompt without applying it: ${why}.`,
  });
  if (HYPERNETWORKS.test(kind)) return notApplied('hypernetworks are not supported');
  if (!LORAS.test(kind)) return notApplied(`"${formatText(kind)}" is not a known kind of network`);
  if (weight === null) return notApplied('its weight is not a number');
  const lora = findByName(name, context);
  if ('problem' in lora) return notApplied(lora.problem);
  const says =
    unread.length === 0
      ? null
      : `Ignored ${formatText(unread.join(':'))} in ${formatText(text)}: only weights are supported.`;
  return { found: { name: lora.name, weight }, says };
};

/** Names that the run does not have. */
export function* loraProblems({ lora_weights: own = {} }: RowValues, context: LoraContext): Generator<RefineError> {
  const known = (context.loras ?? []).map(({ name }) => name);
  for (const name of Object.keys(own)) {
    const lora = findByName(name, context);
    if ('name' in lora) continue;
    const found = known.length === 0 ? 'the run has none' : `those of the run are ${known.join(', ')}`;
    const why = context.findLora === undefined ? `${found}; correct it, or give its file with --lora` : lora.problem;
    yield new RefineError(
      'ROW_FIELD_INVALID',
      `Expected lora_weights to name LoRAs of the run, got "${formatText(name)}": ${why}`,
    );
  }
}
