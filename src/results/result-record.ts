/** What is written of a row when it is done. */
import type { ErrorCode } from '../errors.js';
import type { InvalidRow, RefineReply, ResultRecord, Row } from '../records.js';

/** What ran the row. */
export interface RunFacts {
  /** The model, as the user named it. */
  model: string;
  device: string;
  precision: string;
}

/** null: nobody looked. */
export type NsfwVerdict = boolean | null;

/** How a row ended. Without a `durationMs` nothing ran. */
export type Outcome =
  | {
      status: 'ok';
      reply: Pick<RefineReply, 'stepsRun' | 'scheduler' | 'width' | 'height'>;
      /** Wall clock of the row, in milliseconds. */
      durationMs: number;
      nsfwContentDetected?: NsfwVerdict;
    }
  | { status: 'failed'; error: { code: ErrorCode; message: string }; durationMs: number | null }
  | {
      status: 'blocked';
      error: { code: ErrorCode; message: string } | null;
      durationMs: number | null;
      nsfwContentDetected?: NsfwVerdict;
    }
  | { status: 'skipped' };

/** Builds the record of a row, its keys in the order they are written in. @param digest of the row and its input, once both are known */
export const buildResultRecord = (
  row: Row | InvalidRow,
  outcome: Outcome,
  run: RunFacts,
  digest: string | null = null,
): ResultRecord => {
  const { settings } = row;
  const reply = outcome.status === 'ok' ? outcome.reply : null;
  const hasOutput = outcome.status === 'ok' || outcome.status === 'skipped';
  return {
    row_number_per_file: row.rowNumberPerFile,
    image_file_name: hasOutput && 'output' in row ? row.output : null,
    nsfw_content_detected: ('nsfwContentDetected' in outcome ? outcome.nsfwContentDetected : null) ?? null,
    input_csv_name: row.inputName,
    id: row.id,
    status: outcome.status,
    image: row.sourceText,
    prompt: settings.prompt ?? null,
    negative_prompt: settings.negativePrompt ?? null,
    seed: settings.seed ?? null,
    strength: settings.strength ?? null,
    steps: settings.steps ?? null,
    steps_run: reply?.stepsRun ?? null,
    guidance_scale: settings.guidanceScale ?? null,
    scheduler: reply?.scheduler ?? settings.scheduler ?? null,
    width: reply?.width ?? null,
    height: reply?.height ?? null,
    model: run.model,
    device: run.device,
    precision: run.precision,
    duration_ms: 'durationMs' in outcome && outcome.durationMs !== null ? Math.round(outcome.durationMs) : null,
    error:
      'error' in outcome && outcome.error !== null
        ? { code: outcome.error.code, message: outcome.error.message }
        : null,
    extra: row.extra,
    digest,
  };
};
