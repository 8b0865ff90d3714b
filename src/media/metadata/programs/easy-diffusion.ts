import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import type { Warn } from '../warnings.js';

const KEYS = {
  prompt: ['prompt', 'Prompt'],
  negativePrompt: ['negative_prompt', 'Negative Prompt'],
  seed: ['seed', 'Seed'],
  steps: ['num_inference_steps', 'Steps'],
  sampler: ['sampler_name', 'Sampler'],
  scheduler: ['scheduler_name', 'Scheduler'],
  guidanceScale: ['guidance_scale', 'Guidance Scale'],
  width: ['width', 'Width'],
  height: ['height', 'Height'],
} as const;

/** Names of the model, which only Easy Diffusion has; a picture of a plugin may lack them. */
const MODELS = ['use_stable_diffusion_model', 'Stable Diffusion model'];
const SETTINGS = ['num_inference_steps', 'sampler_name'];

/**
 * Easy Diffusion: each value is a text of its own in a PNG, or a key of JSON in EXIF, under the names of its interface or its
 * settings (easydiffusion/utils/save_utils.py, `TASK_TEXT_MAPPING`; sdkit, `save_dicts`).
 * @param valueOf a value by its name; undefined if there is none
 */
export const readEasyDiffusion = (valueOf: (name: string) => unknown, warn: Warn): ProgramMetadata | null => {
  const has = (name: string): boolean => valueOf(name) !== undefined;
  if (!KEYS.prompt.some(has) || !(MODELS.some(has) || SETTINGS.every(has))) return null;
  const raw = Object.fromEntries(
    Object.entries(KEYS).map(([key, names]) => [key, names.map(valueOf).find((value) => value !== undefined)]),
  );
  return parseMetadata('easy-diffusion', raw, warn);
};
