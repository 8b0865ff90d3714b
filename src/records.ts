/** The values that flow, in the order they flow: Row → LoadedPicture → RefineJob → RefinedPicture → ResultRecord. Types only. */
import type { ErrorCode } from './errors.js';

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

/** How a picture whose sides are not multiples of 8 reaches the VAE: extended at its edges, or resized down as diffusers does. */
export type Fit = 'pad' | 'resize';

export type OutputFormat = 'png' | 'jpeg' | 'webp' | 'avif' | 'tiff';
export type BitDepth = 8 | 16;

/** Whether the VAE runs over bands of a picture: `auto` where the whole would not fit into memory. */
export type VaeTiling = 'auto' | 'on' | 'off';

/** On the CPU. `fast` keeps convolutions' weights transformed, in a file four times as large as they are; `lean` has none. */
export type MemoryUse = 'lean' | 'fast';

/** An adapter of a model: a LoRA, LoCon or DoRA. */
export interface LoraChoice {
  /** The file's, without its ending; unique in a run. */
  name: string;
  file: string;
  /** Where a row gives none. */
  weight: number;
  /** Rows named it, and not the user for all: where it does not fit the model, the run goes on without it. */
  mayNotFit?: boolean;
}

/** How strongly an adapter changes a model: one number, or one for the text encoders and one for the UNet. */
export type LoraWeight = number | { readonly text_encoder: number; readonly unet: number };

/** A textual inversion, by the name that prompts have for it. */
export interface EmbeddingChoice {
  /** Unique in a run, whatever its case. */
  name: string;
  file: string;
}

/** How a refined picture is written. */
export interface PictureEncoding {
  format: OutputFormat;
  /** 1 to 100; null: the program's own. Only of formats that lose something. */
  quality: number | null;
  /** Bits of a channel; 16 for PNG and TIFF alone. */
  bitDepth: BitDepth;
  /** Whether the file says what the source said of itself, and what made the picture. */
  metadata: boolean;
}

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

/** Where a row's picture comes from, as the row said it; nothing has been opened yet. */
export type PictureSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  /** `data:` URL or bare base64, not yet decoded. */
  | { kind: 'inline'; text: string }
  /** A `.safetensors`, `.npy`, `.pt` or `.pth` file with latents [1,4,h,w]. */
  | { kind: 'latents'; path: string };

/** Where a row of `generate` begins: at noise of a size in pixels; null: the side that the model was trained on. */
export interface NoiseStart {
  kind: 'noise';
  width: number | null;
  height: number | null;
}

export type GenerateMode = 'base' | 'ensemble' | 'two-stage';
/** What the second of two stages is given. */
export type StageInput = 'latents' | 'picture';

/** What a row of `generate` is besides its base model's settings. */
export interface Generation {
  mode: GenerateMode;
  /** Of an ensemble: the share of the schedule after which the refiner goes on; else null. */
  handoff: number | null;
  /** Of two stages; else null. */
  stageInput: StageInput | null;
  /** null: the base model works alone. */
  refiner: RefineSettings | null;
  /** The base model's latents are kept beside the picture, under its name and this; null: they are not. */
  latentsSuffix: string | null;
  /** Which of the row's pictures this is, from 0. */
  copy: number;
}

/** What is known of a row whether or not it is valid. */
export interface RowOrigin {
  /** 0-based over all inputs of the run. */
  index: number;
  /** 0-based in its own input, as Azure's batch endpoint counts. */
  rowNumberPerFile: number;
  /** File name of the input (`manifest.jsonl`), `-` for standard input, a folder's name, or a glob as it was given. */
  inputName: string;
  /** 1-based line where the row begins; null where the input has no lines. */
  line: number | null;
}

/** A valid row: parsed, defaults resolved, nothing opened. */
export interface Row extends RowOrigin {
  id: string | null;
  source: PictureSource | NoiseStart;
  /** `image` or `latents` as the row wrote it, shortened if inline: for people, and for the result. null: from noise. */
  sourceText: string | null;
  settings: RefineSettings;
  fit: Fit;
  /** Path inside the output folder, `/`-separated, with the extension of its format. */
  output: string;
  /** null: latents are written, not a picture. */
  encoding: PictureEncoding | null;
  /** Of rows of `generate`. */
  generation?: Generation;
  /** Keys of the row that are not ours, returned as they came. */
  extra: Readonly<Record<string, unknown>>;
  /** For people: what of the row is not as they think. Decides nothing. */
  warnings?: readonly string[];
}

/** A row that cannot run: what it said, as far as it could be read, and why not. */
export interface InvalidRow extends RowOrigin {
  id: string | null;
  sourceText: string | null;
  /** What could be read of the settings. */
  settings: Partial<RefineSettings>;
  generation?: Generation;
  extra: Readonly<Record<string, unknown>>;
  warnings?: readonly string[];
  error: { code: ErrorCode; message: string };
  /** Each thing that `error` says, without the place. */
  problems: readonly string[];
}

/** A picture's numbers: RGB, row by row, [height, width, 3]. */
export interface Raster<Samples extends Uint8Array | Uint16Array> {
  data: Samples;
  width: number;
  height: number;
}

/** A picture as the engine wants it: u8. */
export type Pixels = Raster<Uint8Array>;
/** A picture as the engine gives it: u8, or u16 where 16 bits are asked for. */
export type RefinedPixels = Raster<Uint8Array | Uint16Array>;

/** Latents [1,4,height,width], f32, scaled by the VAE's scaling factor, as diffusers hands them on. */
export interface LatentsData {
  data: Float32Array;
  width: number;
  height: number;
}

/** What the engine is asked: one picture or one set of latents, and what to do with it. */
export interface RefineJob {
  input: { kind: 'pixels'; pixels: Pixels } | { kind: 'latents'; latents: LatentsData };
  settings: RefineSettings;
  output: 'pixels' | 'latents';
  /** Of the pixels that come back. */
  bitDepth: BitDepth;
  /** Every step shows the picture so far. */
  preview?: boolean;
}

/** What the engine is asked: a picture from noise. Of the settings, `strength` and `denoisingStart` say nothing here. */
export interface GenerateJob extends Omit<RefineJob, 'input'> {
  /** In pixels, multiples of 8; null: the side that the model was trained on. */
  input: { kind: 'noise'; width: number | null; height: number | null };
  /** The latents come back beside the picture. */
  keepLatents: boolean;
}

export type EngineJob = RefineJob | GenerateJob;

export type RefineOutput = { kind: 'pixels'; pixels: RefinedPixels } | { kind: 'latents'; latents: LatentsData };

/** What the engine answers. */
export interface RefineReply {
  output: RefineOutput;
  /** What the picture was decoded from, where the job asks for it. */
  latents?: LatentsData;
  /** For people: what of the row is not as they think. */
  warnings?: readonly string[];
  /** What it was computed in, which is not the run's where that was too small for this row; absent: the run's. */
  precision?: string;
  /** UNet steps that ran. */
  stepsRun: number;
  /** The scheduler that ran: diffusers' class name, or what it was asked for as in docs/schedulers.md. */
  scheduler: string;
  /** The refiner's, of a picture that a base model began. */
  refinerScheduler?: string;
  /** Size of the picture that the latents stand for, in pixels. */
  width: number;
  height: number;
}

/** What content safety said of one part of a row. */
export interface SafetyCheck {
  of: 'prompt' | 'input' | 'output';
  /** `unscreened`: nobody could say, and the user let such rows pass. */
  verdict: 'clean' | 'blocked' | 'unscreened';
  /** Of Azure 0, 2, 4 or 6; of a local classifier the label's probability, 0 to 1. */
  categories: readonly { category: string; severity: number }[];
  /** Names of blocklists with a match. */
  blocklists: readonly string[];
}

export type SafetyService = 'azure' | 'local';

export type ResultStatus = 'ok' | 'failed' | 'blocked' | 'skipped';

/** One line of `results.jsonl`; the first four keys are the Azure batch endpoint's. Key order is the order written. */
export interface ResultRecord {
  row_number_per_file: number;
  image_file_name: string | null;
  nsfw_content_detected: boolean | null;
  input_csv_name: string;
  id: string | null;
  status: ResultStatus;
  image: string | null;
  prompt: string | null;
  negative_prompt: string | null;
  seed: number | null;
  rng: Rng | null;
  strength: number | null;
  steps: number | null;
  steps_run: number | null;
  guidance_scale: number | null;
  scheduler: string | null;
  width: number | null;
  height: number | null;
  model: string;
  device: string;
  precision: string;
  duration_ms: number | null;
  error: { code: ErrorCode; message: string } | null;
  extra: Readonly<Record<string, unknown>>;
  /** Of everything that decides the output: what `--resume` compares. null: the row's input could not be read. */
  digest: string | null;
  /** What the program has to say of this row, where it has. */
  warnings?: readonly string[] | undefined;
  /** Where content was screened. */
  content_safety?: { by: SafetyService; checks: readonly SafetyCheck[] } | undefined;
  /** These eleven are there where they are not at their defaults. */
  prompt_syntax?: PromptSyntax | undefined;
  negative_embedding?: 'prompt' | 'zeros' | undefined;
  guidance_rescale?: number | undefined;
  guidance_start?: number | undefined;
  guidance_end?: number | undefined;
  freeu?: FreeU | undefined;
  eta?: number | undefined;
  variation_seed?: number | undefined;
  variation_strength?: number | undefined;
  eta_noise_seed_delta?: number | undefined;
  /** Where the other would be usual under this `rng`. */
  vae_sample?: 'sample' | 'mean' | undefined;
  /** Weights of the run's adapters, by their names. */
  loras?: Readonly<Record<string, LoraWeight>> | undefined;
  /** The rest is of rows of `generate` alone. */
  mode?: GenerateMode | undefined;
  handoff?: number | null | undefined;
  base_model?: string | undefined;
  refiner?: RefinerRecord | null | undefined;
  /** The base model's latents inside the output folder. */
  latents_file_name?: string | null | undefined;
}

/** What the refiner of a row of `generate` ran with. */
export interface RefinerRecord {
  prompt: string;
  negative_prompt: string;
  seed: number;
  steps: number;
  guidance_scale: number;
  scheduler: string | null;
}
