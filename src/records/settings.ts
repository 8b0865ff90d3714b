/** The settings of a picture. */

/** [height, width] in pixels, as SDXL's micro-conditioning orders them. */
export type HeightWidth = readonly [height: number, width: number];

/** [top, left] in pixels. */
export type TopLeft = readonly [top: number, left: number];

/** Whose random numbers a run draws: diffusers' on a CPU, A1111's and Forge's (an NVIDIA GPU's), or ComfyUI's. */
export type Rng = 'torch-cpu' | 'philox' | 'comfy';

/** How a prompt is read: as diffusers does, or with the weights of another program (docs/prompts.md). */
export type PromptSyntax = 'plain' | 'a1111' | 'comfy' | 'compel';

/** FreeU's factors: of what comes up in the first two blocks (b1, b2), and of what was kept (s1, s2). */
export type FreeU = readonly [b1: number, b2: number, s1: number, s2: number];

/** How strongly an adapter changes a model: one number, or one for the text encoders and one for the UNet. */
export type LoraWeight = number | { readonly text_encoder: number; readonly unet: number };

/** Everything that decides a refined picture besides the picture and the model; every default resolved but the model's own. */
export interface RefineSettings {
  prompt: string;
  negativePrompt: string;
  /** 0 to 1: the share of the schedule that is run. Ignored when `denoisingStart` is given. */
  strength: number;
  /** Length of the whole schedule; about `steps` × `strength` of them run. */
  steps: number;
  promptSyntax: PromptSyntax;
  /** What the negative prompt is to the model: its text, or zeros. */
  negativeEmbedding: 'prompt' | 'zeros';
  /** Classifier-free guidance; 1 or less runs without. */
  guidanceScale: number;
  /** 0 to 1: how far the guided prediction's spread is brought back to the prompt's own. */
  guidanceRescale: number;
  /** 0 to 1: shares of the schedule between which there is guidance. */
  guidanceStart: number;
  guidanceEnd: number;
  /** null: none. */
  freeu: FreeU | null;
  /** 0 to 2^53-1. */
  seed: number;
  /** A name of docs/schedulers.md, spelled as there; null: the model's own. */
  scheduler: string | null;
  /** 0 to 1: share of fresh noise in a step, of DDIM and TCD. */
  eta: number;
  rng: Rng;
  /** Noise that `variationStrength`, 0 to 1, mixes into the first; null: none. */
  variationSeed: number | null;
  variationStrength: number;
  /** What the seed of the steps' own draws is more than `seed`; 0: they go on where the first draws ended. */
  etaNoiseSeedDelta: number;
  /** Whether the encoded picture is drawn from the VAE's distribution, or is its mean. */
  vaeSample: 'sample' | 'mean';
  aestheticScore: number;
  negativeAestheticScore: number;
  /** null: the picture's size. */
  originalSize: HeightWidth | null;
  targetSize: HeightWidth | null;
  cropsCoordsTopLeft: TopLeft;
  /** null: as the positive ones. */
  negativeOriginalSize: HeightWidth | null;
  negativeTargetSize: HeightWidth | null;
  negativeCropsCoordsTopLeft: TopLeft;
  /** 0 to 1, exclusive; null: none. */
  denoisingStart: number | null;
  denoisingEnd: number | null;
  /** Weights of all adapters of the run, by their names; absent: the run has none. */
  loraWeights?: Readonly<Record<string, LoraWeight>>;
}
