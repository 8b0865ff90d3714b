/** Recognizes the kind of a safetensors file by its tensors: most mistakes are a valid file for the wrong option. Pure. */
import type { TensorEntry } from '../safetensors/safetensors-header.js';

/** Files that are a model or a VAE. */
export type Usable = 'refiner' | 'base' | 'vae';
export type Recognized = { usable: Usable } | { usable: null; what: string; mend: string };

const UNET = 'model.diffusion_model.';
const NEEDS_MODEL = 'Give an SDXL refiner: its folder, or its one-file checkpoint.';
const OTHER_FAMILY = 'Only models of the Stable Diffusion XL family run here. ' + NEEDS_MODEL;

interface OtherKind {
  /** Matches the name of any tensor. */
  sign: RegExp;
  what: string;
  mend: string;
}

/** The first match decides. */
const OTHER_KINDS: readonly OtherKind[] = [
  {
    sign: /^lora_(unet|te\d?|transformer)_|[._]lora[._](up|down|a|b)\b|\.hada_w\d|\.lokr_w\d|\.dora_scale|\.oft_/i,
    what: 'a LoRA (or LoCon, LoKr): changes to a model, not a model',
    mend: 'Give a LoRA, LoCon or DoRA as --lora, beside the --model that it is for; merge others into their model.',
  },
  {
    sign: /^(emb_params|clip_[lg]|string_to_param\b.*)$/,
    what: 'a textual inversion embedding: a word for a prompt, not a model',
    mend: 'Give it as --embedding name=file, beside the --model that it is for.',
  },
  {
    sign: /^(control_model|input_hint_block|controlnet_cond_embedding)\./,
    what: 'a ControlNet',
    mend: 'ControlNets are not supported. ' + NEEDS_MODEL,
  },
  { sign: /(^|\.)joint_blocks\.0\./, what: 'a Stable Diffusion 3 model', mend: OTHER_FAMILY },
  { sign: /(^|\.)double_blocks\.0\./, what: 'a Flux model', mend: OTHER_FAMILY },
  { sign: /^cond_stage_model\.model\./, what: 'a Stable Diffusion 2 checkpoint', mend: OTHER_FAMILY },
  { sign: /^cond_stage_model\.transformer\./, what: 'a Stable Diffusion 1 checkpoint', mend: OTHER_FAMILY },
  {
    sign: /^edm_(mean|std|vpred)/,
    what: 'a checkpoint with the EDM noise schedule (Playground 2.5, CosXL)',
    mend: 'One-file checkpoints of it are not read. ' + NEEDS_MODEL,
  },
];

/** UNets with more input channels than latents have (docs of their publishers). */
const INPUT_CHANNELS: Readonly<Record<number, string>> = {
  8: 'an instruction model (InstructPix2Pix): its UNet takes 8 channels, the picture to edit among them',
  9: 'an inpainting model: its UNet takes 9 channels, a mask and the masked picture among them',
};

/** The kind of a UNet by its input channels; null: it takes latents only. */
export const inputsProblem = (channels: number): string | null =>
  channels === 4 ? null : (INPUT_CHANNELS[channels] ?? `a UNet that takes ${channels} channels, not the 4 of latents`);

/** Single components, by a name that a whole checkpoint does not have. */
const COMPONENTS: readonly OtherKind[] = [
  {
    sign: /^(down_blocks\.0\.resnets\.0\.time_emb_proj|input_blocks\.1\.0\.emb_layers\.1|model\.diffusion_model\.input_blocks\.0)\./,
    what: 'a UNet without its text encoder',
    mend: 'Give the whole model: its folder, or a checkpoint with all components.',
  },
  {
    sign: /(^|\.)(text_model\.embeddings|token_embedding|transformer\.resblocks\.0)\./,
    what: 'a text encoder alone',
    mend: 'Give the whole model: its folder, or a checkpoint with all components.',
  },
];

const UNKNOWN = { usable: null, what: 'not a known model', mend: NEEDS_MODEL } as const;

export const recognizeTensors = (tensors: ReadonlyMap<string, TensorEntry>): Recognized => {
  const names = [...tensors.keys()];
  const match = (list: readonly OtherKind[]): Recognized | undefined => {
    const kind = list.find(({ sign }) => names.some((name) => sign.test(name)));
    return kind === undefined ? undefined : { usable: null, what: kind.what, mend: kind.mend };
  };
  const otherKind = match(OTHER_KINDS);
  if (otherKind !== undefined) return otherKind;
  const inputs = tensors.get(`${UNET}input_blocks.0.0.weight`)?.shape[1];
  if (inputs !== undefined) {
    const problem = inputsProblem(inputs);
    if (problem !== null) return { usable: null, what: problem, mend: NEEDS_MODEL };
    if (names.some((name) => name.startsWith('conditioner.embedders.1.model.'))) return { usable: 'base' };
    if (names.some((name) => name.startsWith('conditioner.embedders.0.model.'))) return { usable: 'refiner' };
  }
  const isVae = names.some((name) => /^(first_stage_model\.)?decoder\.conv_in\.weight$/.test(name));
  return match(COMPONENTS) ?? (isVae ? { usable: 'vae' } : UNKNOWN);
};
