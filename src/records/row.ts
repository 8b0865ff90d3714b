/** A parsed row of a manifest. Types only. */
import type { ErrorCode } from '../errors.js';
import type { Fit, PictureEncoding, PictureSource } from './picture.js';
import type { RefineSettings } from './settings.js';

/** Start of a `generate` row: noise for a picture of a size in pixels; null for the model's training size. */
export interface NoiseStart {
  kind: 'noise';
  width: number | null;
  height: number | null;
}

export type GenerateMode = 'base' | 'ensemble' | 'two-stage';

/** Input of the second of two stages. */
export type StageInput = 'latents' | 'picture';

/** Settings of a `generate` row beyond those of its base model. */
export interface Generation {
  mode: GenerateMode;
  /** In an ensemble: share of the schedule after which the refiner takes over; else null. */
  handoff: number | null;
  /** In two stages; else null. */
  stageInput: StageInput | null;
  /** null for the base model alone. */
  refiner: RefineSettings | null;
  /** The base model's latents are kept beside the picture, under its name and this suffix; null if not kept. */
  latentsSuffix: string | null;
  /** Index of this picture among the row's, from 0. */
  copy: number;
}

/** Place of a row in the run and its input; known for invalid rows too. */
export interface RowOrigin {
  /** 0-based over all inputs of the run. */
  index: number;
  /** 0-based in its own input, as Azure's batch endpoint counts. */
  rowNumberPerFile: number;
  /** File name of the input (`manifest.jsonl`), `-` for standard input, a folder's name, or a glob as given. */
  inputName: string;
  /** 1-based line where the row begins; null if the input has no lines. */
  line: number | null;
}

/** A valid row: parsed, defaults resolved, nothing opened. */
export interface Row extends RowOrigin {
  id: string | null;
  source: PictureSource | NoiseStart;
  /** `image` or `latents` as the row wrote it, shortened if inline, for messages and results. null if it starts from noise. */
  sourceText: string | null;
  settings: RefineSettings;
  fit: Fit;
  /** Path inside the output folder, `/`-separated, with the extension of its format. */
  output: string;
  /** null if the output is latents. */
  encoding: PictureEncoding | null;
  /** Only in rows of `generate`. */
  generation?: Generation;
  /** Unknown keys of the row, returned unchanged. */
  extra: Readonly<Record<string, unknown>>;
  /** Warnings for the user about this row. */
  warnings?: readonly string[];
  /** The row as other defaults complete it, if the reader asked for them. */
  alternatives?: readonly AlternativeRow[];
}

/** A row completed with other defaults than the run's: no output is chosen for it. */
export type AlternativeRow = Omit<Row, 'output' | 'alternatives'> | InvalidRow;

/** A row that cannot run: its readable values, and the reason. */
export interface InvalidRow extends RowOrigin {
  id: string | null;
  /** If it could be read: no output may overwrite an input, even of an invalid row. */
  source?: PictureSource | NoiseStart;
  sourceText: string | null;
  /** Settings that could be read. */
  settings: Partial<RefineSettings>;
  generation?: Generation;
  extra: Readonly<Record<string, unknown>>;
  warnings?: readonly string[];
  /** As in `Row`. */
  alternatives?: readonly AlternativeRow[];
  error: { code: ErrorCode; message: string };
  /** Each problem in `error`, without its place. */
  problems: readonly string[];
}
