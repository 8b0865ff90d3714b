/** A line of results.jsonl. Types only. */
import type { ErrorCode } from '../errors.js';
import type { GenerateMode } from './row.js';
import type { ChangedSettings, LoraWeight, Rng } from './settings.js';

/** The verdict of content safety on one part of a row. */
export interface SafetyCheck {
  of: 'prompt' | 'input' | 'output';
  /** `unscreened`: the screening was unavailable, and --safety-fail open let the row pass. */
  verdict: 'clean' | 'blocked' | 'unscreened';
  /** Severity from Azure: 0, 2, 4 or 6; from a local classifier: the label's probability, 0 to 1. */
  categories: readonly { category: string; severity: number }[];
  /** Names of blocklists with a match. */
  blocklists: readonly string[];
}

export type SafetyService = 'azure' | 'local';

export type ResultStatus = 'ok' | 'failed' | 'blocked' | 'skipped';

/** A line of `results.jsonl`. The first four keys are the Azure batch endpoint's. Keys are written in this order, changed settings before `loras`. */
export interface ResultRecord extends ChangedSettings {
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
  /** Digest of everything that decides the output, for `--resume`. null if the row's input could not be read. */
  digest: string | null;
  /** Size of the output file as written, for `--resume`. Earlier versions did not write it. */
  output_bytes?: number | undefined;
  /** SHA-256 of the output file as written, hexadecimal, for `--verify`. */
  output_sha256?: string | undefined;
  /** Evaluations of the UNet, two a step with guidance, of rows with adaptive guidance or DeepCache; and those of them with cached features. */
  unet_calls?: number | undefined;
  cached_unet_calls?: number | undefined;
  /** Warnings about this row. */
  warnings?: readonly string[] | undefined;
  /** If content was screened. */
  content_safety?: { by: SafetyService; checks: readonly SafetyCheck[] } | undefined;
  /** Weights of the run's adapters, by name. */
  loras?: Readonly<Record<string, LoraWeight>> | undefined;
  /** The rest only for rows of `generate`. */
  mode?: GenerateMode | undefined;
  handoff?: number | null | undefined;
  base_model?: string | undefined;
  refiner?: RefinerRecord | null | undefined;
  /** The base model's latents inside the output folder. */
  latents_file_name?: string | null | undefined;
  /** As `output_bytes`, of the latents' file. */
  latents_bytes?: number | undefined;
  latents_sha256?: string | undefined;
}

/** The refiner's settings in a row of `generate`; null: not readable, in a row that is invalid. */
export interface RefinerRecord {
  prompt: string | null;
  negative_prompt: string | null;
  seed: number | null;
  steps: number | null;
  guidance_scale: number | null;
  scheduler: string | null;
  /** If it is not 1. */
  cache_interval?: number | undefined;
}
