/** Extra networks that a prompt names, as A1111 and ComfyUI's tag loaders write them: `<lora:ink:0.8>`. */
import type { LoraWeight, PromptSyntax } from '../../../records/settings.js';

export interface PromptTag {
  /** As the prompt has it. */
  text: string;
  /** In lower case: `lora`, `lyco`, `hypernet`, or another word. */
  kind: string;
  name: string;
  /** null: what stands there is no number. */
  weight: LoraWeight | null;
  /** Arguments that say more than a weight (`dyn=8`, `lbw=OUTALL`), which is not done here. */
  unread: readonly string[];
}

export interface TakenTags {
  /** Without the tags under a1111 and comfy; as it was under the other syntaxes, where they count as words. */
  prompt: string;
  tags: readonly PromptTag[];
}

/** Sources: A1111 v1.10.1 modules/extra_networks.py, `re_extra_net`. A tag ends before the next `<` here, so that reading takes linear time. */
const TAG = /<(\w+):([^<>]+)>/g;
const NETWORKS: ReadonlySet<string> = new Set(['lora', 'lyco', 'locon', 'hypernet', 'hypernetwork']);
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/**
 * A1111 takes every `<word:…>` out of a prompt, known to it or not; elsewhere only networks are tags. The words keep their
 * tokens: of white space around a tag, only what would be doubled goes with it.
 */
export const takeTags = (prompt: string, syntax: PromptSyntax): TakenTags => {
  const found = [...prompt.matchAll(TAG)].filter(
    ([, kind = '']) => syntax === 'a1111' || NETWORKS.has(kind.toLowerCase()),
  );
  if (found.length === 0) return { prompt, tags: [] };
  const tags = found.map(([text, kind = '', args = '']) => readTag(text, kind.toLowerCase(), args, syntax));
  if (syntax !== 'a1111' && syntax !== 'comfy') return { prompt, tags };
  let rest = '';
  let next = 0;
  for (const { index, 0: text } of found) {
    rest = join(rest, prompt.slice(next, index));
    next = index + text.length;
  }
  return { prompt: join(rest, prompt.slice(next)).trim(), tags };
};

/** White space of one side is enough, and in front of a comma behind a word there need be none. */
const join = (before: string, after: string): string => {
  const isDoubled = /^(?:\s|$)/.test(after) || (after.startsWith(',') && /[\p{L}\p{N}]\s+$/u.test(before.slice(-8)));
  return (isDoubled ? before.trimEnd() : before) + after;
};

/**
 * A1111 v1.10.1 (extensions-builtin/Lora/extra_networks_lora.py) has the text encoders' weight first and the UNet's, the same unless
 * given, second; both may be named. ComfyUI's tag loaders (badjeff/comfyui_lora_tag_loader) have the UNet's first.
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
