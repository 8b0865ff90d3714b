/** InvokeAI's three forms, newest first. */
import { type ProgramMetadata, parseMetadata, numberOf } from '../generation-metadata.js';
import { MAX_INFOTEXT_CHARS } from '../limits.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/** `invokeai_metadata` (invokeai/app/invocations/metadata.py). Its `scheduler` is the sampler of other programs. */
export const readInvokeai = (json: JsonObject, warn: Warn): ProgramMetadata => {
  const raw = {
    prompt: valueOf(json, 'positive_prompt'),
    negativePrompt: valueOf(json, 'negative_prompt'),
    seed: valueOf(json, 'seed'),
    steps: valueOf(json, 'steps'),
    sampler: valueOf(json, 'scheduler'),
    guidanceScale: valueOf(json, 'cfg_scale'),
    width: valueOf(json, 'width'),
    height: valueOf(json, 'height'),
  };
  return parseMetadata('invokeai', raw, warn);
};

/** `sd-metadata` of InvokeAI 2: `{"image": {"prompt": [{"prompt": "…", "weight": 1}], …}}`. */
export const readSdMetadata = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const image = valueOf(json, 'image');
  if (!isObject(image)) return null;
  const prompt = valueOf(image, 'prompt');
  const parts = ((Array.isArray(prompt) ? prompt : [prompt]) as unknown[]).flatMap((part): Part[] => {
    const text = isObject(part) ? valueOf(part, 'prompt') : part;
    const weight = isObject(part) ? (numberOf(valueOf(part, 'weight')) ?? 1) : 1;
    return typeof text === 'string' ? [{ text, weight }] : [];
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

/** `Dream`, a command line, its prompt in quotes or, later, without: `"a lighthouse [fog, blur]" -s 50 -S 3735 -W 512 -H 512 -C 7.5 -A k_euler_a`. */
export const readDream = (text: string, warn: Warn): ProgramMetadata | null => {
  if (text.length > MAX_INFOTEXT_CHARS) return null;
  const isQuoted = text.startsWith('"');
  const end = isQuoted ? text.indexOf('"', 1) : text.search(/ -s ?\d/);
  if (end < 0) return null;
  const flags = new Map<string, string>();
  for (const [, flag = '', value = ''] of text.slice(isQuoted ? end + 1 : end).matchAll(/ -([A-Za-z]) ?([^ ]+)/g))
    flags.set(flag, value);
  const raw = {
    ...joinParts(splitWeighted(text.slice(isQuoted ? 1 : 0, end)), warn),
    seed: flags.get('S'),
    steps: flags.get('s'),
    sampler: flags.get('A'),
    guidanceScale: flags.get('C'),
    width: flags.get('W'),
    height: flags.get('H'),
  };
  return parseMetadata('invokeai', raw, warn);
};

/** A part of a prompt. InvokeAI adds the parts' embeddings and subtracts those with negative weights. */
interface Part {
  text: string;
  weight: number;
}

const WEIGHT = /:(-?\d+(?:\.\d+)?)/g;

/** `a red kite:1,fog:-0.6`. A text without a negative weight stays whole: its colons may be part of the text. */
const splitWeighted = (text: string): Part[] => {
  const marks = [...text.matchAll(WEIGHT)];
  if (!marks.some(([, weight]) => Number(weight) < 0)) return [{ text, weight: 1 }];
  const starts = [0, ...marks.map(({ index, 0: mark }) => index + mark.length)];
  const parts = marks.map(({ index, 1: weight }, i) => ({
    text: text.slice(starts[i], index),
    weight: Number(weight),
  }));
  const rest = text.slice(starts.at(-1));
  return [...parts, ...(rest.trim() === '' ? [] : [{ text: rest, weight: 1 }])].map((part) => ({
    ...part,
    text: part.text.trim().replace(/^,/, '').trim(),
  }));
};

/** Text with a negative weight or in brackets is the negative prompt. */
const joinParts = (parts: readonly Part[], warn: Warn): { prompt: string; negativePrompt: string } => {
  const positive = parts.filter(({ weight }) => weight >= 0);
  const negative = parts.filter(({ weight }) => weight < 0);
  if ([positive, negative].some((side) => new Set(side.map(({ weight }) => weight)).size > 1))
    warn("Ignored InvokeAI's weights of subprompts.");
  const split = positive.map(({ text }) => splitNegative(text));
  const negatives = [...split.map(({ negativePrompt }) => negativePrompt), ...negative.map(({ text }) => text)];
  return { prompt: split.map(({ prompt }) => prompt).join(', '), negativePrompt: negatives.filter(Boolean).join(', ') };
};

/** Text in brackets is the negative prompt. */
const splitNegative = (text: string): { prompt: string; negativePrompt: string } => {
  const negatives: string[] = [];
  const prompt: string[] = [];
  let from = 0;
  for (let open = text.indexOf('['); open >= 0; open = text.indexOf('[', from)) {
    const close = text.indexOf(']', open);
    if (close < 0) break;
    prompt.push(text.slice(from, open));
    negatives.push(text.slice(open + 1, close).trim());
    from = close + 1;
  }
  prompt.push(text.slice(from));
  return { prompt: prompt.join('').replaceAll('  ', ' ').trim(), negativePrompt: negatives.filter(Boolean).join(', ') };
};
