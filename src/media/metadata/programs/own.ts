import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import { knownSyntax } from '../prompt-syntax.js';
import type { Warn } from '../warnings.js';

/** PNG keyword of this program's JSON. */
export const OWN_KEYWORD = 'sdxl-refine';

/** Reads the JSON of `runEntry` from a picture that this program wrote. */
export const readOwn = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const settings = valueOf(json, 'settings');
  if (!isObject(settings)) return null;
  const raw = {
    prompt: valueOf(settings, 'prompt'),
    negativePrompt: valueOf(settings, 'negative_prompt'),
    seed: valueOf(settings, 'seed'),
    steps: valueOf(settings, 'steps'),
    sampler: valueOf(json, 'scheduler'),
    guidanceScale: valueOf(settings, 'guidance_scale'),
    width: valueOf(json, 'width'),
    height: valueOf(json, 'height'),
  };
  const syntax = knownSyntax(valueOf(settings, 'prompt_syntax'));
  return { ...parseMetadata('sdxl-refine', raw, warn), ...(syntax === null ? {} : { promptSyntax: syntax }) };
};
