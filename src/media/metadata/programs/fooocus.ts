import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { type JsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/**
 * JSON of Fooocus (modules/meta_parser.py) and of RuinedFooocus, which has a capital `Prompt`. Sizes are Python
 * tuples in text: `"(1152, 896)"`. The prompt is the typed one, not `full_prompt`, which includes styles.
 * @returns null for JSON without their characteristic keys: other programs also use `prompt`
 */
export const readFooocus = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  if (!isFooocus(json)) return null;
  const of = (...keys: string[]): unknown => keys.map((key) => valueOf(json, key)).find((value) => value !== undefined);
  const resolution = of('resolution');
  const [, width, height] = /^\((\d+), ?(\d+)\)$/.exec(typeof resolution === 'string' ? resolution : '') ?? [];
  const raw = {
    prompt: of('prompt', 'Prompt'),
    negativePrompt: of('negative_prompt', 'Negative'),
    seed: of('seed'),
    steps: of('steps'),
    sampler: of('sampler', 'sampler_name'),
    scheduler: of('scheduler'),
    guidanceScale: of('guidance_scale', 'cfg'),
    width: width ?? of('width'),
    height: height ?? of('height'),
  };
  return parseMetadata('fooocus', raw, warn);
};

/** Both are named in the JSON; versions before 2.2 are recognized by settings that no other program has. */
const isFooocus = (json: JsonObject): boolean =>
  ['version', 'software', 'metadata_scheme'].some((key) => /fooocus/i.test(String(valueOf(json, key)))) ||
  ['adm_guidance', 'full_prompt'].some((key) => valueOf(json, key) !== undefined);
