/** InvokeAI's three forms, newest first. */
import { type Facts, factsOf } from '../facts.js';
import { MAX_INFOTEXT_CHARS } from '../limits.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/** `invokeai_metadata` (invokeai/app/invocations/metadata.py). Its `scheduler` is what others call the sampler. */
export const readInvokeai = (json: JsonObject, warn: Warn): Facts => {
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
  return factsOf('invokeai', raw, warn);
};

/** `sd-metadata` of InvokeAI 2: `{"image": {"prompt": [{"prompt": "…", "weight": 1}], …}}`. */
export const readSdMetadata = (json: JsonObject, warn: Warn): Facts | null => {
  const image = valueOf(json, 'image');
  if (!isObject(image)) return null;
  const prompt = valueOf(image, 'prompt');
  const parts = (Array.isArray(prompt) ? prompt : [prompt]) as unknown[];
  const texts = parts.map((part) => (isObject(part) ? valueOf(part, 'prompt') : part));
  const raw = {
    ...splitNegative(texts.filter((text) => typeof text === 'string').join(', ')),
    seed: valueOf(image, 'seed'),
    steps: valueOf(image, 'steps'),
    sampler: valueOf(image, 'sampler'),
    guidanceScale: valueOf(image, 'cfg_scale'),
    width: valueOf(image, 'width'),
    height: valueOf(image, 'height'),
  };
  return factsOf('invokeai', raw, warn);
};

/** `Dream`, a command line: `"a lighthouse [fog, blur]" -s 50 -S 3735 -W 512 -H 512 -C 7.5 -A k_euler_a`. */
export const readDream = (text: string, warn: Warn): Facts | null => {
  const end = text.indexOf('"', 1);
  if (!text.startsWith('"') || end < 0 || text.length > MAX_INFOTEXT_CHARS) return null;
  const flags = new Map<string, string>();
  for (const [, flag = '', value = ''] of text.slice(end + 1).matchAll(/ -([A-Za-z]) ?([^ ]+)/g))
    flags.set(flag, value);
  const raw = {
    ...splitNegative(text.slice(1, end)),
    seed: flags.get('S'),
    steps: flags.get('s'),
    sampler: flags.get('A'),
    guidanceScale: flags.get('C'),
    width: flags.get('W'),
    height: flags.get('H'),
  };
  return factsOf('invokeai', raw, warn);
};

/** What stands in brackets is the negative prompt. */
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
