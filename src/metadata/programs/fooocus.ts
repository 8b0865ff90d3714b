import { type Facts, factsOf } from '../facts.js';
import { type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/**
 * Fooocus's own scheme (modules/meta_parser.py), and RuinedFooocus's, which has a capital `Prompt`. Sizes are Python
 * tuples in text: `"(1152, 896)"`. The prompt is the one that was typed, not `full_prompt`, which styles were put into.
 */
export const readFooocus = (json: JsonObject, warn: Warn): Facts | null => {
  const of = (...keys: string[]): unknown => keys.map((key) => valueOf(json, key)).find((value) => value !== undefined);
  const prompt = of('prompt', 'Prompt');
  if (typeof prompt !== 'string') return null;
  const resolution = of('resolution');
  const [, width, height] = /^\((\d+), ?(\d+)\)$/.exec(typeof resolution === 'string' ? resolution : '') ?? [];
  const raw = {
    prompt,
    negativePrompt: of('negative_prompt', 'Negative'),
    seed: of('seed'),
    steps: of('steps'),
    sampler: of('sampler', 'sampler_name'),
    scheduler: of('scheduler'),
    guidanceScale: of('guidance_scale', 'cfg'),
    width: width ?? of('width'),
    height: height ?? of('height'),
  };
  return factsOf('fooocus', raw, warn);
};
