/** Builds the result record of a finished row. */
import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../errors.js';
import type { Generation, InvalidRow, Row } from '../../records/row.js';
import type { RefineReply, UnetCalls } from '../../records/job.js';
import { SETTINGS } from '../../records/setting-table.js';
import {
  camelCase,
  CHANGED_NAMES,
  usualVaeSample,
  type ChangedSettings,
  type RefineSettings,
} from '../../records/settings.js';
import type { RefinerRecord, ResultRecord } from '../../records/result.js';

/** The model and device that ran the row. */
export interface RunInfo {
  /** The model, as the user named it. */
  model: string;
  device: string;
  precision: string;
  /** For rows of `generate`: the base model, as the user named it. */
  baseModel?: string;
}

/** The screening of a row, and whether it is NSFW; null if not everything was screened. */
export interface ContentSafetyOutcome extends NonNullable<ResultRecord['content_safety']> {
  nsfw: boolean | null;
}

export interface WrittenFile {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

export const writtenFile = (bytes: Uint8Array): WrittenFile => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** Outcome of a row. Without `durationMs`, it did not run. */
export type Outcome =
  | {
      status: 'ok';
      reply: Pick<
        RefineReply,
        | 'precision'
        | 'device'
        | 'warnings'
        | 'stepsRun'
        | 'unetCalls'
        | 'scheduler'
        | 'refinerScheduler'
        | 'width'
        | 'height'
      >;
      /** Wall clock time, in milliseconds. */
      durationMs: number;
      /** null if not screened. */
      contentSafety?: ContentSafetyOutcome | null;
      /** The row's files: the output, and the latents beside it, if kept. */
      written?: { output: WrittenFile; latents: WrittenFile | null };
    }
  | { status: 'failed'; error: { code: ErrorCode; message: string }; durationMs: number | null }
  | { status: 'blocked'; durationMs: number | null; contentSafety: ContentSafetyOutcome | null }
  | { status: 'skipped' };

/** Builds the record of a row, with keys in their written order. @param digest of the row and its input, if both are known */
export const buildResultRecord = (
  row: Row | InvalidRow,
  outcome: Outcome,
  run: RunInfo,
  digest: string | null = null,
): ResultRecord => {
  const { settings } = row;
  const reply = outcome.status === 'ok' ? outcome.reply : null;
  const safety = 'contentSafety' in outcome ? (outcome.contentSafety ?? null) : null;
  const written = outcome.status === 'ok' ? (outcome.written ?? null) : null;
  const warnings = [...new Set([...(row.warnings ?? []), ...(reply?.warnings ?? [])])];
  const hasOutput = outcome.status === 'ok' || outcome.status === 'skipped';
  return {
    row_number_per_file: row.rowNumberPerFile,
    image_file_name: hasOutput && 'output' in row ? row.output : null,
    nsfw_content_detected: safety?.nsfw ?? null,
    input_csv_name: row.inputName,
    id: row.id,
    status: outcome.status,
    image: row.sourceText,
    prompt: settings.prompt ?? null,
    negative_prompt: settings.negativePrompt ?? null,
    seed: settings.seed ?? null,
    rng: settings.rng ?? null,
    strength: strengthOf(row),
    steps: settings.steps ?? null,
    steps_run: reply?.stepsRun ?? null,
    guidance_scale: settings.guidanceScale ?? null,
    scheduler: reply?.scheduler ?? settings.scheduler ?? null,
    width: reply?.width ?? null,
    height: reply?.height ?? null,
    model: run.model,
    device: reply?.device ?? run.device,
    precision: reply?.precision ?? run.precision,
    duration_ms: 'durationMs' in outcome && outcome.durationMs !== null ? Math.round(outcome.durationMs) : null,
    error: 'error' in outcome ? { code: outcome.error.code, message: outcome.error.message } : null,
    extra: row.extra,
    digest,
    ...(written === null ? {} : { output_bytes: written.output.bytes, output_sha256: written.output.sha256 }),
    ...countedCalls(row, reply?.unetCalls),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(safety === null ? {} : { content_safety: { by: safety.by, checks: safety.checks } }),
    ...changedSettings(settings),
    ...(settings.loraWeights === undefined ? {} : { loras: settings.loraWeights }),
    ...(row.generation === undefined ? {} : generationFields(row, row.generation, run, outcome)),
    ...(written?.latents == null
      ? {}
      : { latents_bytes: written.latents.bytes, latents_sha256: written.latents.sha256 }),
  };
};

/** Of rows with a setting that saves calls, in either of their models. */
const countedCalls = (
  { settings, generation }: Row | InvalidRow,
  calls: UnetCalls | undefined,
): Pick<ResultRecord, 'unet_calls' | 'cached_unet_calls'> => {
  const stages: readonly Partial<RefineSettings>[] = [settings, generation?.refiner ?? {}];
  const isAdaptive = stages.some(({ adaptiveGuidance = null }) => adaptiveGuidance !== null);
  const isCached = stages.some(({ cacheInterval = 1 }) => cacheInterval !== 1);
  if (calls === undefined || !(isAdaptive || isCached)) return {};
  return { unet_calls: calls.samples, ...(isCached ? { cached_unet_calls: calls.cached } : {}) };
};

/** Settings that differ from their defaults. A variation needs both its seed and its strength. */
const changedSettings = (settings: Partial<RefineSettings>): ChangedSettings => {
  const { rng = 'torch-cpu', variationSeed = null, variationStrength = 0 } = settings;
  const defaults: ChangedSettings = { vae_sample: usualVaeSample(rng) };
  const hasVariation = variationSeed !== null && variationStrength > 0;
  return Object.fromEntries(
    CHANGED_NAMES.filter((name) => hasVariation || !name.startsWith('variation_'))
      .map((name) => [name, settings[camelCase(name)] ?? null] as const)
      .filter(([name, value]) => value !== null && value !== (defaults[name] ?? SETTINGS[name].default)),
  );
};

/** Of `generate`, only two stages have a strength: a base model begins at pure noise, an ensemble's refiner at the handoff. */
const strengthOf = ({ settings, generation }: Row | InvalidRow): number | null => {
  if (generation === undefined) return settings.strength ?? null;
  return generation.mode === 'two-stage' ? (generation.refiner?.strength ?? null) : null;
};

/** @param refiner of an invalid row: the settings that could be read */
const refinerRecord = (refiner: Partial<RefineSettings>, outcome: Outcome): RefinerRecord => {
  const { cacheInterval = 1 } = refiner;
  return {
    prompt: refiner.prompt ?? null,
    negative_prompt: refiner.negativePrompt ?? null,
    seed: refiner.seed ?? null,
    steps: refiner.steps ?? null,
    guidance_scale: refiner.guidanceScale ?? null,
    scheduler: ('reply' in outcome ? outcome.reply.refinerScheduler : undefined) ?? refiner.scheduler ?? null,
    ...(cacheInterval === 1 ? {} : { cache_interval: cacheInterval }),
  };
};

const generationFields = (
  row: Row | InvalidRow,
  { mode, handoff, refiner, latentsSuffix }: Generation,
  { baseModel = '' }: RunInfo,
  outcome: Outcome,
): Partial<ResultRecord> => ({
  mode,
  handoff,
  base_model: baseModel,
  refiner: refiner === null ? null : refinerRecord(refiner, outcome),
  latents_file_name:
    'reply' in outcome && 'output' in row && latentsSuffix !== null ? row.output + latentsSuffix : null,
});
