/** InvokeAI's three forms, newest first. */
import { type ProgramMetadata, parseMetadata, numberOf } from '../generation-metadata.js';
import { MAX_INFOTEXT_CHARS } from '../limits.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import { quote, type Warn, warnOfLoras } from '../warnings.js';

/**
 * `invokeai_metadata` (invokeai/app/invocations/metadata.py), or an object of it under `metadata`. Its `scheduler` is the sampler of
 * other programs.
 */
export const readInvokeai = (json: JsonObject, warn: Warn): ProgramMetadata => {
  const inner = valueOf(json, 'metadata');
  const of = (key: string): unknown => valueOf(isObject(inner) ? inner : json, key);
  const raw = {
    prompt: withStyle(of('positive_prompt'), of('positive_style_prompt'), warn),
    negativePrompt: withStyle(of('negative_prompt'), of('negative_style_prompt'), warn),
    seed: of('seed'),
    steps: of('steps'),
    sampler: of('scheduler'),
    guidanceScale: of('cfg_scale'),
    width: of('width'),
    height: of('height'),
  };
  warnOfLoras(lorasOf(of('loras')), warn);
  return parseMetadata('invokeai', raw, warn);
};

/** SDXL's style prompt is for its second text encoder alone (invokeai/app/invocations/compel.py, `SDXLCompelPromptInvocation`). */
const withStyle = (prompt: unknown, style: unknown, warn: Warn): unknown => {
  if (typeof style !== 'string' || style.trim() === '' || style === prompt) return prompt;
  if (typeof prompt !== 'string' || prompt.trim() === '') return style;
  warn(`InvokeAI's style prompt ${quote(style)} is for one text encoder; here it follows the prompt for both.`);
  return style.startsWith(prompt) ? style : `${prompt}, ${style}`;
};

/** `[{"model": {"name": "ink"}, "weight": 0.8}]`; before 4 `{"lora": {"model_name": …}}`. */
const lorasOf = (loras: unknown): string[] =>
  (Array.isArray(loras) ? (loras as unknown[]) : []).flatMap((lora) => {
    const model = isObject(lora) ? (valueOf(lora, 'model') ?? valueOf(lora, 'lora')) : undefined;
    const name = isObject(model) ? (valueOf(model, 'name') ?? valueOf(model, 'model_name')) : undefined;
    return typeof name === 'string' ? [name] : [];
  });

/** `sd-metadata` of InvokeAI 2: `{"image": {"prompt": [{"prompt": "…", "weight": 1}], …}}`. */
export const readSdMetadata = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const image = valueOf(json, 'image');
  if (!isObject(image)) return null;
  const prompt = valueOf(image, 'prompt');
  const parts = ((Array.isArray(prompt) ? prompt : [prompt]) as unknown[]).flatMap((part): Part[] => {
    const text = isObject(part) ? valueOf(part, 'prompt') : part;
    const weight = isObject(part) ? (numberOf(valueOf(part, 'weight')) ?? 1) : 1;
    return typeof text === 'string'
      ? splitWeighted(text).map((inner) => ({ ...inner, weight: inner.weight * weight }))
      : [];
  });
  const raw = {
    ...(parts.length === 0 ? {} : joinParts(parts, warn)),
    seed: valueOf(image, 'seed'),
    steps: valueOf(image, 'steps'),
    sampler: valueOf(image, 'sampler'),
    guidanceScale: valueOf(image, 'cfg_scale'),
    width: valueOf(image, 'width'),
    height: valueOf(image, 'height'),
  };
  return parseMetadata('invokeai', raw, warn);
};

/**
 * `Dream`, a command line, its prompt in quotes or, later, without: `"a lighthouse [fog, blur]" -s 50 -S 3735 -W 512 -H 512 -C 7.5 -A k_euler_a`.
 * Options may have their long names.
 */
export const readDream = (text: string, warn: Warn): ProgramMetadata | null => {
  if (text.length > MAX_INFOTEXT_CHARS) return null;
  const isQuoted = text.startsWith('"');
  // Quotes inside are not always escaped.
  const end = isQuoted ? text.search(/(?<!^|\\)"(?=\s+-{1,2}[A-Za-z]|\s*$)/) : text.search(FIRST_FLAG);
  if (end < 0) return null;
  const flags = new Map<string, string>();
  for (const [, short, joined, long = '', value] of text.slice(isQuoted ? end + 1 : end).matchAll(FLAG))
    flags.set(short ?? SHORT.get(long) ?? long, joined ?? value ?? '');
  const prompt = text.slice(isQuoted ? 1 : 0, end);
  const raw = {
    ...joinParts(splitWeighted(isQuoted ? prompt.replaceAll('\\"', '"') : prompt), warn),
    seed: flags.get('S'),
    steps: flags.get('s'),
    sampler: flags.get('A'),
    guidanceScale: flags.get('C'),
    width: flags.get('W'),
    height: flags.get('H'),
  };
  return parseMetadata('invokeai', raw, warn);
};

const FLAG = / (?:-([A-Za-z]) ?([^ -][^ ]*|-\d[^ ]*)|--([a-z_]+)[ =]([^ ]+))/g;
const FIRST_FLAG = / (?:-[sSWHC] ?\d|-A ?[a-z]|--(?:steps|seed|width|height|cfg_scale|sampler)[ =])/;
const SHORT: ReadonlyMap<string, string> = new Map([
  ['steps', 's'],
  ['seed', 'S'],
  ['width', 'W'],
  ['height', 'H'],
  ['cfg_scale', 'C'],
  ['sampler', 'A'],
]);

/** A part of a prompt. InvokeAI adds the parts' embeddings and subtracts those with negative weights. */
interface Part {
  text: string;
  weight: number;
}

const WEIGHT = /(?<![\\:]):+(-?\d+(?:\.\d+)?)/g;

/** `a red kite:1,fog:-0.6`. A text without a weight below 0, or of 0, stays whole: its colons may be part of the text, as in `16:9` and `10:00`. */
const splitWeighted = (text: string): Part[] => {
  const marks = [...text.matchAll(WEIGHT)];
  if (!marks.some(([, weight = '']) => Number(weight) < 0 || /^0(?:\.0+)?$/.test(weight))) return [{ text, weight: 1 }];
  const starts = [0, ...marks.map(({ index, 0: mark }) => index + mark.length)];
  const parts = marks.map(({ index, 1: weight }, i) => ({
    text: text.slice(starts[i], index),
    weight: Number(weight),
  }));
  const rest = text.slice(starts.at(-1));
  return [...parts, ...(rest.trim() === '' ? [] : [{ text: rest, weight: 1 }])].map((part) => ({
    ...part,
    text: part.text.trim().replace(/^,/, '').trim().replaceAll('\\:', ':'),
  }));
};

/** Text with a negative weight or in brackets is the negative prompt; with the weight 0 it has no influence. */
const joinParts = (parts: readonly Part[], warn: Warn): { prompt: string; negativePrompt: string } => {
  const positive = parts.filter(({ weight }) => weight > 0);
  const negative = parts.filter(({ weight }) => weight < 0);
  if ([positive, negative].some((side) => new Set(side.map(({ weight }) => weight)).size > 1))
    warn("Ignored InvokeAI's weights of subprompts.");
  const split = positive.map(({ text }) => splitNegative(text));
  const negatives = [...split.map(({ negativePrompt }) => negativePrompt), ...negative.map(({ text }) => text)];
  return { prompt: split.map(({ prompt }) => prompt).join(', '), negativePrompt: negatives.filter(Boolean).join(', ') };
};

/** Text in brackets is the negative prompt; brackets may be nested, and a backslash before one makes it a character. */
const splitNegative = (text: string): { prompt: string; negativePrompt: string } => {
  const sides = [''];
  let depth = 0;
  for (const [piece] of text.matchAll(/\\[[\]]|[[\]]|[^\\[\]]+|\\/g)) {
    if (piece === '[') {
      if (depth === 0) sides.push('');
      depth++;
    } else if (piece === ']' && depth > 0) {
      depth--;
    } else {
      const side = depth === 0 ? 0 : sides.length - 1;
      sides[side] = `${sides[side] ?? ''}${piece.replace(/^\\(?=.)/, '')}`;
    }
  }
  // A bracket that is not closed is a character.
  if (depth > 0) return { prompt: text.trim(), negativePrompt: '' };
  const [prompt = '', ...negatives] = sides.map((side) => side.replaceAll(/ {2,}/g, ' ').trim());
  return { prompt, negativePrompt: negatives.filter(Boolean).join(', ') };
};
