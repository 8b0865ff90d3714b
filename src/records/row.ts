/** A row of a manifest, once parsed. Types only. */
import type { ErrorCode } from '../errors.js';
import type { Fit, PictureEncoding, PictureSource } from './picture.js';
import type { RefineSettings } from './settings.js';

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
  /** Warnings for the user about this row. */
  warnings?: readonly string[];
}

/** A row that cannot run: what it said, as far as it could be read, and why not. */
export interface InvalidRow extends RowOrigin {
  id: string | null;
  /** As far as it could be read: what a run was given is not written over, whatever is wrong with the row. */
  source?: PictureSource | NoiseStart;
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
