/** The keys of a row, as data: one table for manifests, command-line options and documentation. */
import { z } from 'zod';
import {
  rowKey,
  prompt,
  filledText,
  number,
  share,
  steps,
  seed,
  size,
  corner,
  pictureSize,
  side,
  loraWeight,
  type RowCommand,
} from './row-key.js';

export const ROW_KEYS = {
  image: rowKey({
    ...filledText,
    help: "picture to refine: a path relative to the manifest's folder, an http(s) or file URL, a data: URL or base64",
    defaultText: 'required, unless `latents` is there',
    synonyms: ['file_name'],
    isOption: false,
    only: 'batch',
  }),
  latents: rowKey({
    ...filledText,
    help: 'a .safetensors, .npy, .pt or .pth file with latents [1,4,h,w], instead of image',
    isOption: false,
    only: 'batch',
  }),
  prompt: rowKey({
    ...prompt,
    help: 'what the picture shows; "" is a prompt',
    defaultText: 'required',
    synonyms: ['text', 'caption'],
  }),
  negative_prompt: rowKey({ ...prompt, default: '', help: 'what the picture should not show' }),
  strength: rowKey({
    ...share,
    default: 0.3,
    help: 'how much the picture may change: the share of the steps that run',
  }),
  steps: rowKey({
    ...steps,
    default: 50,
    help: 'length of the whole schedule; steps × strength of them run, rounded down',
    aliases: ['num_inference_steps'],
  }),
  guidance_scale: rowKey({ ...number, default: 5, help: 'how closely to follow the prompt; 1 or less: no guidance' }),
  prompt_syntax: rowKey({
    kind: 'text',
    schema: z.enum(['plain', 'a1111', 'comfy', 'compel']),
    expected: '"plain", "a1111", "comfy" or "compel"',
    default: 'plain',
    help: 'whose weights a prompt is read with; plain: none, and 75 tokens count, as in diffusers',
  }),
  negative_embedding: rowKey({
    kind: 'text',
    schema: z.enum(['prompt', 'zeros']),
    expected: '"prompt" or "zeros"',
    default: 'prompt',
    help: "what stands for the negative prompt: its text, or zeros (ComfyUI's ConditioningZeroOut)",
  }),
  guidance_rescale: rowKey({
    ...share,
    default: 0,
    help: "how far the guided prediction's spread is brought back to the prompt's own",
  }),
  guidance_start: rowKey({ ...share, default: 0, help: 'share of the schedule before which there is no guidance' }),
  guidance_end: rowKey({ ...share, default: 1, help: 'share of the schedule after which there is no guidance' }),
  freeu: rowKey({
    kind: 'pair',
    schema: z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly(),
    expected: '[b1, b2, s1, s2], four numbers',
    help: "FreeU's factors; 1.3,1.4,0.9,0.2 is its authors' choice for SDXL",
  }),
  seed: rowKey({
    ...seed,
    help: 'start of the random numbers; the same seed gives the same picture. -1: drawn for each row',
    defaultText: 'drawn once for the run',
  }),
  scheduler: rowKey({
    ...filledText,
    help: 'the scheduler, by its name in diffusers, A1111 or ComfyUI',
    defaultText: "the model's own",
  }),
  eta: rowKey({ ...share, default: 0, help: 'of DDIM and TCD: share of fresh noise in each step' }),
  rng: rowKey({
    kind: 'text',
    schema: z.enum(['torch-cpu', 'philox', 'comfy']),
    expected: '"torch-cpu", "philox" or "comfy"',
    default: 'torch-cpu',
    help: "whose random numbers: diffusers' on a CPU, A1111's and Forge's, or ComfyUI's",
  }),
  variation_seed: rowKey({ ...seed, help: 'seed of the noise that variation_strength mixes in' }),
  variation_strength: rowKey({
    ...share,
    default: 0,
    help: "share of the variation seed's noise in the first noise, as A1111 mixes it",
  }),
  eta_noise_seed_delta: rowKey({
    kind: 'number',
    schema: z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
    expected: 'a whole number from 0 to 4294967295',
    default: 0,
    help: "what the seed of the steps' own noise is more than seed, of samplers that draw (A1111's ENSD)",
    aliases: ['ensd'],
  }),
  vae_sample: rowKey({
    kind: 'text',
    schema: z.enum(['sample', 'mean']),
    expected: '"sample" or "mean"',
    help: "whether the encoded picture is drawn from the VAE's distribution, or is its mean",
    defaultText: '`sample`; `mean` under `rng` philox and comfy',
  }),
  aesthetic_score: rowKey({ ...number, default: 6, help: 'aesthetic score that the prompt side is conditioned on' }),
  negative_aesthetic_score: rowKey({ ...number, default: 2.5, help: 'the same for the negative prompt' }),
  original_size: rowKey({ ...size, help: 'size that the model is told the picture had', defaultText: pictureSize }),
  target_size: rowKey({ ...size, help: 'size that the model is told to aim for', defaultText: pictureSize }),
  crops_coords_top_left: rowKey({ ...corner, default: [0, 0], help: 'crop that the model is told of' }),
  negative_original_size: rowKey({ ...size, help: 'the same for the negative prompt', defaultText: '`original_size`' }),
  negative_target_size: rowKey({ ...size, help: 'the same for the negative prompt', defaultText: '`target_size`' }),
  negative_crops_coords_top_left: rowKey({ ...corner, default: [0, 0], help: 'the same for the negative prompt' }),
  denoising_start: rowKey({
    ...share,
    help: 'share of the schedule that already ran elsewhere; replaces strength',
    only: 'batch',
  }),
  denoising_end: rowKey({ ...share, help: 'share of the schedule after which to stop' }),
  fit: rowKey({
    kind: 'text',
    schema: z.enum(['pad', 'resize']),
    expected: '"pad" or "resize"',
    default: 'pad',
    help: 'sides that are not multiples of 8: extend and crop back, or resize down as diffusers does',
    only: 'batch',
  }),
  width: rowKey({ ...side, help: 'of the picture, in pixels' }),
  height: rowKey({ ...side, help: 'of the picture, in pixels' }),
  count: rowKey({
    kind: 'number',
    schema: z.int().min(1).max(10_000),
    expected: 'a whole number from 1 to 10000',
    default: 1,
    help: 'pictures of this prompt: the second has the next seed, and so on',
    only: 'generate',
  }),
  handoff: rowKey({
    kind: 'number',
    schema: z.number().gt(0).lt(1),
    expected: 'a number above 0 and below 1',
    default: 0.8,
    help: 'of an ensemble: share of the schedule after which the refiner goes on',
    only: 'generate',
  }),
  refiner_prompt: rowKey({ ...prompt, help: "the refiner's prompt", defaultText: '`prompt`', only: 'generate' }),
  refiner_negative_prompt: rowKey({
    ...prompt,
    help: "the refiner's negative prompt",
    defaultText: '`negative_prompt`',
    only: 'generate',
  }),
  refiner_steps: rowKey({
    ...steps,
    help: "of two stages: length of the refiner's schedule",
    defaultText: '`steps`',
    only: 'generate',
  }),
  refiner_guidance_scale: rowKey({
    ...number,
    help: "the refiner's guidance",
    defaultText: '`guidance_scale`',
    only: 'generate',
  }),
  refiner_scheduler: rowKey({
    ...filledText,
    help: "of two stages: the refiner's scheduler",
    defaultText: '`scheduler`',
    only: 'generate',
  }),
  refiner_seed: rowKey({
    ...seed,
    help: "start of the refiner's random numbers",
    defaultText: '`seed` + 1',
    only: 'generate',
  }),
  format: rowKey({
    kind: 'text',
    schema: z.enum(['png', 'jpeg', 'webp', 'avif', 'tiff']),
    expected: '"png", "jpeg", "webp", "avif" or "tiff"',
    help: "what the picture is written as, where output doesn't say",
    defaultText: '`png`',
  }),
  quality: rowKey({
    kind: 'number',
    schema: z.int().min(1).max(100),
    expected: 'a whole number from 1 to 100',
    help: 'of jpeg, webp and avif: higher is truer and larger',
    defaultText: '90; of avif 75',
  }),
  bit_depth: rowKey({
    kind: 'number',
    schema: z.union([z.literal(8), z.literal(16)]),
    expected: '8 or 16',
    help: 'bits of a channel; 16 for png and tiff',
    defaultText: '8',
  }),
  lora_weights: rowKey({
    kind: 'weights',
    schema: z.record(z.string().min(1), loraWeight).readonly(),
    expected:
      'an object of numbers by the names of LoRAs, such as {"ink":0.5} or {"ink":{"text_encoder":0.5,"unet":1}}',
    help: 'weights of LoRAs in this row, by the names of their files without ending',
    defaultText: 'the weights that `--lora` gives',
    isOption: false,
  }),
  id: rowKey({ ...filledText, help: 'any text, unique in the run, returned as it is', isOption: false }),
  output: rowKey({
    ...filledText,
    help: 'file name inside the output folder; its extension says the format, .safetensors stands for latents',
    defaultText: "the picture's own name with the format's extension, else `row-000012.png`",
    isOption: false,
  }),
};

export type RowKeyName = keyof typeof ROW_KEYS;

/** Values of some keys, checked one by one. */
export type RowValues = { -readonly [Name in RowKeyName]?: z.infer<(typeof ROW_KEYS)[Name]['schema']> };

export const ROW_KEY_NAMES = Object.keys(ROW_KEYS) as readonly RowKeyName[];

/** The keys of one command's rows. */
export const rowKeyNames = (command: RowCommand): readonly RowKeyName[] =>
  ROW_KEY_NAMES.filter((name) => ROW_KEYS[name].only === null || ROW_KEYS[name].only === command);

/** Every accepted spelling and the key it means. */
const SPELLINGS: ReadonlyMap<string, RowKeyName> = new Map(
  ROW_KEY_NAMES.flatMap((name) => [name, ...ROW_KEYS[name].aliases].map((spelling) => [spelling, name] as const)),
);

/** Every accepted spelling of one command's keys. */
export const spellingsOf = (command: RowCommand): readonly string[] => SPELLINGS_OF[command];

const allSpellings = (command: RowCommand): readonly string[] =>
  rowKeyNames(command).flatMap((name) => [name, ...ROW_KEYS[name].aliases]);
const SPELLINGS_OF = { batch: allSpellings('batch'), generate: allSpellings('generate') };

/** The key that a spelling means, exactly; undefined when it isn't one of ours. */
export const rowKeyOf = (spelling: string): RowKeyName | undefined => SPELLINGS.get(spelling);

/** The keys of a command that have synonyms. */
export const keysWithSynonyms = (command: RowCommand): readonly RowKeyName[] =>
  rowKeyNames(command).filter((name) => ROW_KEYS[name].synonyms.length > 0);

/** Whether a name means a key, as it is or where the key is absent. */
export const isSpelling = (name: string): boolean =>
  rowKeyOf(name) !== undefined || ROW_KEY_NAMES.some((key) => ROW_KEYS[key].synonyms.includes(name));
