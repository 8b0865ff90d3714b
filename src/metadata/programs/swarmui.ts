import { type Facts, factsOf } from '../facts.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/** SwarmUI (docs/Image Metadata Format.md): `{"sui_image_params": {…}}`; no key of it is certain to be there. */
export const readSwarmui = (json: JsonObject, warn: Warn): Facts | null => {
  const params = valueOf(json, 'sui_image_params');
  if (!isObject(params)) return null;
  const raw = {
    prompt: valueOf(params, 'prompt'),
    negativePrompt: valueOf(params, 'negativeprompt'),
    seed: valueOf(params, 'seed'),
    steps: valueOf(params, 'steps'),
    sampler: valueOf(params, 'sampler'),
    scheduler: valueOf(params, 'scheduler'),
    guidanceScale: valueOf(params, 'cfgscale'),
    width: valueOf(params, 'width'),
    height: valueOf(params, 'height'),
  };
  return factsOf('swarmui', raw, warn);
};
