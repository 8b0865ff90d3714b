/** Parses tags of extra networks in prompts, as in A1111 and ComfyUI's tag loaders: `<lora:ink:0.8>`. */
import type { LoraWeight, PromptSyntax } from '../../../records/settings.js';
import { NUMBER } from './parse-value.js';

export interface PromptTag {
  /** The whole tag, as in the prompt. */
  text: string;
  /** In lower case: `lora`, `lyco`, `hypernet`, or another word. */
  kind: string;
  name: string;
  /** null if it is not a number. */
  weight: LoraWeight | null;
  /** Unsupported arguments other than weights (`dyn=8`, `lbw=OUTALL`). */
  unread: readonly string[];
}

export interface TakenTags {
  /** Without tags in a1111 and comfy; unchanged in other syntaxes, where tags count as words. */
  prompt: string;
  tags: readonly PromptTag[];
}

/** Source: A1111 v1.10.1 modules/extra_networks.py, `re_extra_net`. Here a tag cannot contain `<`, so that matching takes linear time. */
const TAG = /<(\w+):([^<>]+)>/g;
const NETWORKS: ReadonlySet<string> = new Set(['lora', 'lyco', 'locon', 'hypernet', 'hypernetwork']);

/**
 * A1111 removes every `<word:…>` from a prompt, even unknown ones; elsewhere only networks are tags. The other words keep their
 * tokens: white space around a tag is removed only if it would be doubled.
 */
export const takeTags = (prompt: string, syntax: PromptSyntax): TakenTags => {
  if (!prompt.includes('<')) return { prompt, tags: [] };
  const matches = [...prompt.matchAll(TAG)].filter(
    ([, kind = '']) => syntax === 'a1111' || NETWORKS.has(kind.toLowerCase()),
  );
  if (matches.length === 0) return { prompt, tags: [] };
  const tags = matches.map(([text, kind = '', args = '']) => readTag(text, kind.toLowerCase(), args, syntax));
  if (syntax !== 'a1111' && syntax !== 'comfy') return { prompt, tags };
  let rest = '';
  let next = 0;
  for (const { index, 0: text } of matches) {
    rest = join(rest, prompt.slice(next, index));
    next = index + text.length;
  }
  return { prompt: join(rest, prompt.slice(next)).trim(), tags };
};

/** Joins texts around a tag: keeps white space of one side, and none between a word and a comma. */
const join = (before: string, after: string): string => {
  const isDoubled = /^(?:\s|$)/.test(after) || (after.startsWith(',') && /[\p{L}\p{N}]\s+$/u.test(before.slice(-8)));
  return (isDoubled ? before.trimEnd() : before) + after;
};

/**
 * A1111 v1.10.1 (extensions-builtin/Lora/extra_networks_lora.py) has the text encoders' weight first, then the UNet's, by default
 * equal; both may be named. ComfyUI's tag loaders (badjeff/comfyui_lora_tag_loader) have the UNet's first.
 */
const readTag = (text: string, kind: string, args: string, syntax: PromptSyntax): PromptTag => {
  const [name = '', ...more] = args.split(':').map((part) => part.trim());
  const named = new Map(more.flatMap((part) => (part.includes('=') ? [part.split(/=(.*)/s) as [string, string]] : [])));
  const [first = '', second = '', ...rest] = more.filter((part) => !part.includes('='));
  const [te, unet] = syntax === 'comfy' ? [second || first, first] : [first, second];
  const textEncoder = readWeight(named.get('te') ?? te, 1);
  const weights = { textEncoder, unet: readWeight(named.get('unet') ?? unet, textEncoder) };
  const unread = [
    ...[...named].filter(([key]) => key !== 'te' && key !== 'unet').map((pair) => pair.join('=')),
    ...rest,
  ];
  return { text, kind, name, weight: weightOf(weights), unread };
};

const readWeight = (text: string, byDefault: number | null): number | null => {
  if (text === '') return byDefault;
  return NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : null;
};

const weightOf = ({ textEncoder, unet }: Record<'textEncoder' | 'unet', number | null>): LoraWeight | null => {
  if (textEncoder === null || unet === null) return null;
  return textEncoder === unet ? unet : { text_encoder: textEncoder, unet };
};
