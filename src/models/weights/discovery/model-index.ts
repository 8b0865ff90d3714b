/** Parses `model_index.json`: pipeline class, components and two flags. Pure. */
import { RefineError } from '../../../errors.js';
import { formatValue, showName } from '../safetensors/format-value.js';

export interface ModelIndex {
  /** diffusers' class name, such as `StableDiffusionXLImg2ImgPipeline`. */
  className: string;
  /** Part (`unet`, `text_encoder_2`, `scheduler`, …) → its class in diffusers or transformers. Absent parts are absent. */
  parts: ReadonlyMap<string, string>;
  /** The UNet takes an aesthetic score (refiner) instead of the target size. */
  requiresAestheticsScore: boolean;
  /** An empty negative prompt is embedded as zeros. */
  forceZerosForEmptyPrompt: boolean;
}

/** Components of every SDXL pipeline. */
const NEEDED = ['unet', 'vae', 'text_encoder_2', 'tokenizer_2', 'scheduler'];

/**
 * @param raw the parsed file
 * @param where names the file in messages
 * @throws MODEL_CONFIG_INVALID
 * @throws MODEL_CONFIG_UNSUPPORTED if a component of every SDXL pipeline is missing
 */
export const parseModelIndex = (raw: Readonly<Record<string, unknown>>, where: string): ModelIndex => {
  const { _class_name: className } = raw;
  if (typeof className !== 'string') throw invalid(where, '"_class_name"', 'the name of a pipeline class', className);
  const parts = new Map<string, string>();
  for (const [name, value] of Object.entries(raw)) {
    // A component is [library, class], or [null, null] if the pipeline lacks it.
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
  return new RefineError('MODEL_CONFIG_INVALID', `Expected ${key} in ${where} to be ${expected}, got ${formatValue(found)}.`, {
    context: { file: where },
  });
};
