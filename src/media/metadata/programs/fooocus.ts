import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { type JsonObject, valueOf } from '../parse-json.js';
import { type Warn, warnOfLoras } from '../warnings.js';

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
  warnOfLoras(lorasOf(json), warn);
  return parseMetadata('fooocus', raw, warn);
};

/** Both are named in the JSON; versions before 2.2 are recognized by settings that no other program has. */
const isFooocus = (json: JsonObject): boolean =>
  ['version', 'software', 'metadata_scheme'].some((key) => /fooocus/i.test(String(valueOf(json, key)))) ||
  ['adm_guidance', 'full_prompt'].some((key) => valueOf(json, key) !== undefined);

const MAX_LORAS = 10;

/** `loras` is `[["ink", 0.8, "hash"]]`, in text or not; before 2.2, and after 2.4 too, keys of their own are `"ink : 0.8"`. */
const lorasOf = (json: JsonObject): string[] => {
  const keys = Array.from({ length: MAX_LORAS }, (_, i) => [`lora_combined_${i + 1}`, `LoRA ${i + 1}`]).flat();
  const named = keys.flatMap((key) => {
    const value = valueOf(json, key);
    return typeof value === 'string' ? [value.split(' : ')[0] ?? ''] : [];
  });
  const list = valueOf(json, 'loras');
  const listed = (Array.isArray(list) ? (list as unknown[]) : []).flatMap((lora) => {
    const name: unknown = Array.isArray(lora) ? lora[0] : lora;
    return typeof name === 'string' ? [name] : [];
  });
  const names = [...named, ...listed].map((name) => name.replace(/\.safetensors$/i, '').trim());
  return [...new Set(names)].filter((name) => !/^(?:none)?$/i.test(name));
};
