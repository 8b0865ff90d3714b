/** The values that flow, in the order they flow: Row → LoadedPicture → RefineJob → RefinedPicture → ResultRecord. Types only. */
import type { ErrorCode } from './errors.js';

/** [height, width] in pixels, as SDXL's micro-conditioning orders them. */
export type HeightWidth = readonly [height: number, width: number];
/** [top, left] in pixels. */
export type TopLeft = readonly [top: number, left: number];

/** How a picture whose sides are not multiples of 8 reaches the VAE: extended at its edges, or resized down as diffusers does. */
export type Fit = 'pad' | 'resize';

export type OutputFormat = 'png' | 'jpeg' | 'webp' | 'avif' | 'tiff';
export type BitDepth = 8 | 16;

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
  /** Classifier-free guidance; 1 or less runs without. */
  guidanceScale: number;
  /** 0 to 2^53-1. */
  seed: number;
  /** diffusers' class name; null: the model's own. */
  scheduler: string | null;
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
}

/** Where a row's picture comes from, as the row said it; nothing has been opened yet. */
export type PictureSource =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  /** `data:` URL or bare base64, not yet decoded. */
  | { kind: 'inline'; text: string }
  /** A `.safetensors` or `.npy` file with latents [1,4,h,w]. */
  | { kind: 'latents'; path: string };

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
  source: PictureSource;
  /** `image` or `latents` as the row wrote it, shortened if inline: for people, and for the result. */
  sourceText: string;
  settings: RefineSettings;
  fit: Fit;
  /** Path inside the output folder, `/`-separated, with the extension of its format. */
  output: string;
  /** null: latents are written, not a picture. */
  encoding: PictureEncoding | null;
  /** Keys of the row that are not ours, returned as they came. */
  extra: Readonly<Record<string, unknown>>;
}

/** A row that cannot run: what it said, as far as it could be read, and why not. */
export interface InvalidRow extends RowOrigin {
  id: string | null;
  sourceText: string | null;
  /** What could be read of the settings. */
  settings: Partial<RefineSettings>;
  extra: Readonly<Record<string, unknown>>;
  error: { code: ErrorCode; message: string };
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
}

export type RefineOutput = { kind: 'pixels'; pixels: RefinedPixels } | { kind: 'latents'; latents: LatentsData };

/** What the engine answers. */
export interface RefineReply {
  output: RefineOutput;
  /** UNet steps that ran. */
  stepsRun: number;
  /** diffusers' class name of the scheduler that ran. */
  scheduler: string;
  /** Size of the picture that the latents stand for, in pixels. */
  width: number;
  height: number;
}

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
}
