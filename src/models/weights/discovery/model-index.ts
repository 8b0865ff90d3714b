/** What `model_index.json` says of a pipeline: its class, its parts and two switches. Pure. */
import { RefineError } from '../../../errors.js';
import { show, showName } from '../safetensors/format-value.js';

export interface ModelIndex {
  /** diffusers' class name, such as `StableDiffusionXLImg2ImgPipeline`. */
  className: string;
  /** Part (`unet`, `text_encoder_2`, `scheduler`, …) → its class in diffusers or transformers. Absent parts are absent. */
  parts: ReadonlyMap<string, string>;
  /** Of the UNet: it takes an aesthetic score, as a refiner does, where others take the target size. */
  requiresAestheticsScore: boolean;
  /** An empty negative prompt is embedded as zeros. */
  forceZerosForEmptyPrompt: boolean;
}

/** What every pipeline of the SDXL family has. */
const NEEDED = ['unet', 'vae', 'text_encoder_2', 'tokenizer_2', 'scheduler'];

/**
 * @param raw the parsed file
 * @param where for people: the file
 * @throws MODEL_CONFIG_INVALID
 * @throws MODEL_CONFIG_UNSUPPORTED when it lacks a part that every SDXL pipeline has
 */
export const parseModelIndex = (raw: Readonly<Record<string, unknown>>, where: string): ModelIndex => {
  const { _class_name: className } = raw;
  if (typeof className !== 'string') throw invalid(where, '"_class_name"', 'the name of a pipeline class', className);
  const parts = new Map<string, string>();
  for (const [name, value] of Object.entries(raw)) {
    // A part is [library, class], or [null, null] where the pipeline could have one and has not.
    if (Array.isArray(value) && typeof value[1] === 'string') parts.set(name, value[1]);
  }
  const needed = parts.has('text_encoder') ? [...NEEDED, 'tokenizer'] : NEEDED;
  const missing = needed.filter((name) => !parts.has(name));
  if (missing.length > 0) {
    const message = `${where} describes a ${showName(className)} without ${missing.join(', ')}. Expected a model of the Stable Diffusion XL family.`;
    throw new RefineError('MODEL_CONFIG_UNSUPPORTED', message, { context: { file: where, missing } });
  }
  return {
    className,
    parts,
    // Defaults: __init__ of StableDiffusionXLImg2ImgPipeline and StableDiffusionXLPipeline, diffusers 0.42.1.
    requiresAestheticsScore: flag(raw, 'requires_aesthetics_score', false, where),
    forceZerosForEmptyPrompt: flag(raw, 'force_zeros_for_empty_prompt', true, where),
  };
};

const flag = (raw: Readonly<Record<string, unknown>>, key: string, ifAbsent: boolean, where: string): boolean => {
  const value = raw[key] ?? ifAbsent;
  if (typeof value === 'boolean') return value;
  throw invalid(where, `"${key}"`, 'true or false', value);
};

const invalid = (where: string, key: string, expected: string, found: unknown): RefineError => {
  return new RefineError('MODEL_CONFIG_INVALID', `Expected ${key} in ${where} to be ${expected}, got ${show(found)}.`, {
    context: { file: where },
  });
};
