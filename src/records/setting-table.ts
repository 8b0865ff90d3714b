/**
 * The only table of a picture's settings. Options, configuration, manifests, requests, results, digests, schemas and docs/manifest.md
 * are made from it; a new setting is a declaration here and the line that uses it (CONTRIBUTING.md has an example).
 */
/* oxlint-disable max-lines -- one table of all settings */
import { z } from 'zod';
import { corner, filledText, fraction, MAX_STEPS, number, oneOf, prompt, rowKey } from './setting-kinds.js';
import { seed, sigmas, size, steps, timesteps } from './setting-kinds.js';

const always = { inResults: 'always', inDigest: 'always' } as const;
const changed = { inResults: 'changed', inDigest: 'always' } as const;
const unreported = { inDigest: 'always' } as const;
const ofModel = { modelMaySet: true } as const;

export const SETTINGS = {
  prompt: rowKey({
    ...prompt,
    ...always,
    help: 'what the picture shows; "" is a prompt',
    docs: 'text; `""` is a prompt',
    defaultText: 'required',
    isResolved: true,
    synonyms: ['text', 'caption'],
  }),
  negative_prompt: rowKey({
    ...prompt,
    ...always,
    ...ofModel,
    default: '',
    help: 'what the picture should not show',
    docs: 'text',
  }),
  strength: rowKey({
    ...fraction,
    ...always,
    ...ofModel,
    default: 0.3,
    help: 'how much the picture may change: the share of the schedule that runs',
    docs: '0 to 1: the share of the schedule that runs. `steps` × `strength`, rounded down, must be at least 1',
  }),
  steps: rowKey({
    ...steps,
    ...always,
    ...ofModel,
    default: 50,
    help: 'inference steps of the schedule; strength × steps of them run, rounded down',
    docs: 'integer, 1 to 1000: the length of the whole schedule. `num_inference_steps` means the same',
    aliases: ['num_inference_steps'],
  }),
  guidance_scale: rowKey({
    ...number,
    ...always,
    ...ofModel,
    default: 5,
    help: 'classifier-free guidance: how closely to follow the prompt; 1 or less: no guidance',
    docs: 'number; 1 or less runs without guidance',
  }),
  prompt_syntax: rowKey({
    ...oneOf('plain', 'a1111', 'comfy', 'compel'),
    ...changed,
    ...ofModel,
    default: 'plain',
    help: 'prompt weighting syntax; plain: none, and at most 75 tokens, as in diffusers',
    docs: '`plain`, `a1111`, `comfy` or `compel`: the syntax of prompt weights, see [prompts.md](prompts.md)',
  }),
  negative_embedding: rowKey({
    ...oneOf('prompt', 'zeros'),
    ...changed,
    ...ofModel,
    default: 'prompt',
    help: "negative text embedding: the negative prompt's, or zeros (ComfyUI's ConditioningZeroOut)",
    docs: '`prompt`: the encoded negative prompt. `zeros`: zeros instead',
  }),
  guidance_rescale: rowKey({
    ...fraction,
    ...changed,
    ...ofModel,
    default: 0,
    help: "how far to rescale the guided prediction to the conditional prediction's standard deviation",
    docs: "0 to 1: how far the guided prediction's standard deviation is restored to the prompt's own, see [prompts.md](prompts.md#guidance)",
  }),
  guidance_start: rowKey({
    ...fraction,
    ...changed,
    ...ofModel,
    default: 0,
    help: 'share of the schedule before which there is no guidance',
    docs: '0 to 1: the share of the schedule at which guidance begins; below `guidance_end`',
  }),
  guidance_end: rowKey({
    ...fraction,
    ...changed,
    ...ofModel,
    default: 1,
    help: 'share of the schedule after which there is no guidance',
    docs: '0 to 1: the share of the schedule at which guidance ends',
  }),
  adaptive_guidance: rowKey({
    ...fraction,
    ...ofModel,
    inResults: 'changed',
    help: 'end guidance once the cosine similarity of both predictions reaches this; the paper has 0.991',
    docs: '0 to 1: the cosine similarity of both predictions that ends guidance, see [prompts.md](prompts.md#guidance)',
  }),
  cache_interval: rowKey({
    ...ofModel,
    inResults: 'changed',
    kind: 'number',
    schema: z.int().min(1).max(MAX_STEPS),
    expected: `an integer from 1 to ${MAX_STEPS}`,
    default: 1,
    help: 'DeepCache: one step in so many computes the whole UNet, the others reuse its deep features; 1: every step',
    docs: 'integer, 1 or more: DeepCache, see [speed.md](speed.md#deepcache). One step in so many computes the whole UNet; the others reuse its deep features',
  }),
  cache_depth: rowKey({
    ...ofModel,
    inResults: 'changed',
    kind: 'number',
    schema: z.int().min(1).max(9),
    expected: 'an integer from 1 to 9',
    default: 2,
    help: "with cache_interval: layers of the UNet's finest up block that every step computes",
    docs: "integer: layers of the UNet's finest up block that every step computes under `cache_interval`; 1 to 3 with SDXL. More is slower and nearer",
  }),
  /** Factors of the first two up blocks: b1, b2 of the hidden states, s1, s2 of the skip connections. */
  freeu: rowKey({
    ...changed,
    ...ofModel,
    kind: 'list',
    schema: z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly(),
    expected: '[b1, b2, s1, s2], four numbers',
    help: "FreeU's factors; 1.3,1.4,0.9,0.2 is its authors' choice for SDXL",
    docs: "`[b1, b2, s1, s2]`, four numbers: FreeU's factors, see [prompts.md](prompts.md#guidance)",
  }),
  seed: rowKey({
    ...seed,
    ...always,
    help: 'seed of the noise; the same seed gives the same picture. -1: drawn for each row',
    docs: "integer, 0 to 9007199254740991 (2^53-1), or -1: drawn, see [Seeds](#seeds). A row's picture depends on its own seed, never on other rows",
    defaultText: 'drawn once a run',
    isResolved: true,
  }),
  timesteps: rowKey({
    ...timesteps,
    ...ofModel,
    inResults: 'changed',
    help: 'timesteps in place of the spacing: ays (Align Your Steps), or a list such as 999,749,499,249',
  }),
  sigmas: rowKey({
    ...sigmas,
    ...ofModel,
    inResults: 'changed',
    help: 'sigmas in place of the spacing, and the last one after it: 14.6,6.3,3.8,…,0',
  }),
  /** A name of docs/schedulers.md, spelled as there; null for the model's own. */
  scheduler: rowKey({
    ...filledText,
    ...always,
    ...ofModel,
    help: 'scheduler, by its name in diffusers, A1111 or ComfyUI',
    docs: "a scheduler's name in diffusers, A1111 or ComfyUI: [schedulers.md](schedulers.md)",
    defaultText: "the model's own",
  }),
  eta: rowKey({
    ...fraction,
    ...changed,
    ...ofModel,
    default: 0,
    help: 'share of new noise in each step of DDIM and TCD',
    docs: '0 to 1: the share of new noise in each step of DDIM and TCD',
  }),
  rng: rowKey({
    ...oneOf('torch-cpu', 'philox', 'comfy'),
    ...always,
    default: 'torch-cpu',
    help: "random number generator: diffusers' on a CPU, A1111's and Forge's (an NVIDIA GPU's), or ComfyUI's",
    docs: '`torch-cpu`, `philox` or `comfy`: the random number generators, see [numerics.md](numerics.md#random-numbers)',
  }),
  variation_seed: rowKey({
    ...seed,
    ...changed,
    help: 'seed of the noise that variation_strength mixes in',
    docs: 'integer, as `seed`: the seed of the noise that `variation_strength` mixes in',
  }),
  variation_strength: rowKey({
    ...fraction,
    ...changed,
    default: 0,
    help: "share of the variation seed's noise in the initial noise, as A1111 mixes it",
    docs: "0 to 1: the share of the variation seed's noise in the first noise, as A1111 mixes it",
  }),
  eta_noise_seed_delta: rowKey({
    ...changed,
    kind: 'number',
    schema: z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
    expected: 'an integer from 0 to 4294967295',
    default: 0,
    help: "added to the seed for the noise of ancestral and SDE samplers' steps (A1111's ENSD); 0: steps continue the seed's random numbers",
    docs: 'integer, 0 to 4294967295: added to `seed` for the noise of the steps, if the scheduler draws any. `ensd` means the same',
    aliases: ['ensd'],
  }),
  vae_sample: rowKey({
    ...oneOf('sample', 'mean'),
    ...changed,
    help: "latents of the picture: a sample of the VAE's distribution, or its mean",
    docs: "`sample`: latents are drawn from the VAE's distribution. `mean`: they are its mean, and nothing is drawn",
    defaultText: '`sample`; `mean` under `rng` philox and comfy',
    isResolved: true,
  }),
  aesthetic_score: rowKey({
    ...number,
    ...unreported,
    ...ofModel,
    default: 6,
    help: 'aesthetic score that the positive prompt is conditioned on',
    docs: 'number',
  }),
  negative_aesthetic_score: rowKey({
    ...number,
    ...unreported,
    ...ofModel,
    default: 2.5,
    help: 'aesthetic score that the negative prompt is conditioned on',
    docs: 'number',
  }),
  original_size: rowKey({
    ...size,
    ...unreported,
    help: 'micro-conditioning: size of the original picture',
    defaultText: "the picture's size",
  }),
  target_size: rowKey({
    ...size,
    ...unreported,
    help: 'micro-conditioning: target size',
    defaultText: "the picture's size",
  }),
  crops_coords_top_left: rowKey({
    ...corner,
    ...unreported,
    default: [0, 0],
    help: 'micro-conditioning: top left corner of the crop',
  }),
  negative_original_size: rowKey({
    ...size,
    ...unreported,
    help: 'original_size of the negative prompt',
    defaultText: '`original_size`',
  }),
  negative_target_size: rowKey({
    ...size,
    ...unreported,
    help: 'target_size of the negative prompt',
    defaultText: '`target_size`',
  }),
  negative_crops_coords_top_left: rowKey({
    ...corner,
    ...unreported,
    default: [0, 0],
    help: 'crops_coords_top_left of the negative prompt',
  }),
  denoising_start: rowKey({
    ...fraction,
    ...unreported,
    help: 'share of the schedule that already ran elsewhere; replaces strength',
    docs: '0 to 1: the share of the schedule that already ran elsewhere; replaces `strength`. 0 and 1 mean "not given", as in diffusers; the option does not accept 1',
    only: 'batch',
  }),
  denoising_end: rowKey({
    ...fraction,
    ...unreported,
    help: 'share of the schedule after which to stop',
    docs: '0 to 1: the share of the schedule after which to stop; above `denoising_start`. 0 and 1 mean "not given"; the option does not accept 0',
  }),
};
