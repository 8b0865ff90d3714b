import type { PromptSyntax } from '../../records.js';
import { type Facts, factsOf } from '../facts.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/** Besides plain. */
const SYNTAXES: readonly PromptSyntax[] = ['a1111', 'comfy', 'compel'];

/** PNG keyword of our own JSON. */
export const OWN_KEYWORD = 'sdxl-refine';

/** What `runEntry` writes: a picture that was refined here before. */
export const readOwn = (json: JsonObject, warn: Warn): Facts | null => {
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
  const syntax = valueOf(settings, 'prompt_syntax');
  const isKnown = SYNTAXES.some((known) => known === syntax);
  return { ...factsOf('sdxl-refine', raw, warn), ...(isKnown ? { promptSyntax: syntax as PromptSyntax } : {}) };
};
