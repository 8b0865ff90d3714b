/** ComfyUI graphs in the forms that its workflows have, with invented contents. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { pngWith } from './build-pictures.js';

export type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>;
export const node = (class_type: string, inputs: Record<string, unknown>): Graph[string] => ({ class_type, inputs });
export const read = (graph: Graph): GenerationMetadata | null =>
  readGenerationMetadata(pngWith({ prompt: JSON.stringify(graph) }));

export const BASIC: Graph = {
  '3': node('KSampler', {
    seed: 8566257,
    steps: 20,
    cfg: 8,
    sampler_name: 'dpmpp_2m',
    scheduler: 'karras',
    denoise: 1,
    model: ['4', 0],
    positive: ['6', 0],
    negative: ['7', 0],
    latent_image: ['5', 0],
  }),
  '4': node('CheckpointLoaderSimple', { ckpt_name: 'sdxl.safetensors' }),
  '5': node('EmptyLatentImage', { width: 1024, height: 768, batch_size: 1 }),
  '6': node('CLIPTextEncode', { text: 'a bottle on a beach', clip: ['4', 1] }),
  '7': node('CLIPTextEncode', { text: 'text, watermark', clip: ['4', 1] }),
  '8': node('VAEDecode', { samples: ['3', 0], vae: ['4', 2] }),
  '9': node('SaveImage', { filename_prefix: 'ComfyUI', images: ['8', 0] }),
};
export const BOTTLE = {
  program: 'comfyui',
  prompt: 'a bottle on a beach',
  negativePrompt: 'text, watermark',
  seed: 8566257,
  steps: 20,
  sampler: 'dpmpp_2m',
  scheduler: 'karras',
  guidanceScale: 8,
  width: 1024,
  height: 768,
  warnings: [],
};
/** The basic graph with other conditioning. */
export const withText = (positive: unknown, nodes: Graph): Graph => ({
  ...BASIC,
  '3': node('KSampler', { ...BASIC['3']!.inputs, positive }),
  ...nodes,
});

/** The basic graph's sampler, its two sides replaced. */
export const sampler = (inputs: Record<string, unknown>, type = 'KSampler'): Graph[string] => {
  const { positive: _p, negative: _n, ...rest } = BASIC['3']!.inputs;
  return node(type, { ...rest, ...inputs });
};
export const graphOf = (three: Graph[string], nodes: Graph): Graph => ({ ...BASIC, '3': three, ...nodes });
export const sidesOf = (facts: GenerationMetadata | null): [string | null | undefined, string | null | undefined] => [
  facts?.prompt,
  facts?.negativePrompt,
];
export const FOX = ['a red fox', 'blurry'];
export const fox = node('CLIPTextEncode', { text: 'a red fox', clip: ['4', 1] });
export const blurry = node('CLIPTextEncode', { text: 'blurry', clip: ['4', 1] });
export const texts = { positive: 'a red fox', negative: 'blurry' };
export const wires = { positive: ['p', 0], negative: ['n', 0] };
export const both = (positive: number, negative: number): Record<string, unknown> => ({
  positive: ['x', positive],
  negative: ['x', negative],
});
