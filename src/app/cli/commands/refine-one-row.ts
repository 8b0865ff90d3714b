/** The only row of `sdxl-refine <picture>`: reads it, checks it before a model is opened, and runs it to one file. */
import { rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeOutputFolder } from '../../../run/batch/check-outputs.js';
import { fileIdentity } from '../../../io/files/file-identity.js';
import { findReadFiles } from '../../../run/batch/files-in-use.js';
import { NOTHING, type Replaceable } from '../../../run/batch/replaceable.js';
import { runBatch } from '../../../run/batch/run-batch.js';
import { isRefineError, RefineError } from '../../../errors.js';
import { clearTemporaries } from '../../../run/results/clear-temporaries.js';
import { readPictureHeader } from '../../../media/image/read-header.js';
import { parsePictureSource } from '../../../run/manifest/inputs/picture-source.js';
import type { InvalidRow, Row } from '../../../records/row.js';
import type { ResultRecord } from '../../../records/result.js';
import type { Journal } from '../../../run/results/journal.js';
import { buildResultRecord } from '../../../run/results/result-record.js';
import type { BatchFlags } from '../options/batch-flags.js';
import type { BatchRun } from './run-kind.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { isAlive } from '../is-process-alive.js';
import { packageVersion } from '../package-version.js';
import type { PictureInput } from '../options/picture-input.js';
import type { PictureOutput } from '../options/picture-output.js';
import { createProgress } from '../progress/progress.js';
import { openScreening } from '../options/safety-options.js';
import type { ProcessContext } from '../process-context.js';

/** Nothing continues this run. */
const NO_JOURNAL: Journal = { begin: 0, append: () => Promise.resolve(), close: () => Promise.resolve() };

export interface RowContext {
  flags: BatchFlags;
  context: ProcessContext;
  /** Stops the run. */
  signal: AbortSignal;
}

export const readRow = async (run: BatchRun, input: PictureInput | null): Promise<Row | InvalidRow> => {
  for await (const row of run.rows()) {
    if (input === null) return row;
    const { shown, name } = input;
    const sourceText = shown ?? row.sourceText;
    return { ...row, sourceText, inputName: name === '' ? (sourceText ?? '') : name };
  }
  throw new Error('a run of one row has none');
};

/** Error of a picture's header; a missing file is reported before any other error of its row. */
export const headerError = async (
  row: Row | InvalidRow,
  { key, value }: PictureInput,
  { context, signal }: RowContext,
): Promise<ResultRecord['error']> => {
  const source = 'source' in row ? row.source : parsePictureSource(value, context.cwd()).source;
  if (key !== 'image' || (source.kind !== 'file' && source.kind !== 'inline')) return null;
  try {
    await readPictureHeader(source, row.sourceText ?? '', { signal });
    return null;
  } catch (thrown) {
    if (!isRefineError(thrown) || thrown.scope !== 'row') throw thrown;
    /* The message of media/image speaks of a manifest. */
    const message =
      thrown.code === 'IMAGE_NOT_FOUND' && 'path' in source
        ? `There is no picture at ${source.path}. Check the path; a relative one starts at the current folder.`
        : thrown.message;
    return { code: thrown.code, message };
  }
};

/** The result of a row that failed before a model was opened. */
export const failure = (
  row: Row | InvalidRow,
  error: ResultRecord['error'],
  { model, device, precision }: BatchFlags,
): ResultRecord => {
  const run = { model: model ?? basename(BUNDLED_MODEL), device, precision };
  if (error === null) throw new Error('a row failed without an error');
  return buildResultRecord(row, { status: 'failed', error, durationMs: null }, run);
};

/** Refuses, even with --overwrite, to replace a file that the run reads. @throws OUTPUT_IS_INPUT */
export const refuseInputFile = async ({ folder, name, shown }: PictureOutput, run: BatchRun): Promise<void> => {
  const identity = await fileIdentity(join(folder, name));
  if (identity === null) return;
  const [source] = (await findReadFiles((candidate) => candidate === identity, { ...run, outputFolder: '' })).values();
  if (source === undefined) return;
  throw new RefineError(
    'OUTPUT_IS_INPUT',
    `${shown} is a file that the run reads (${source}). Give another name with -o.`,
  );
};

export const writeTo = async (
  { folder, name, shown }: PictureOutput,
  row: Row,
  run: BatchRun & { replaceable: Replaceable },
  rowContext: RowContext,
): Promise<ResultRecord> => {
  const isNew = await makeOutputFolder(folder, '-o');
  await clearKilled(folder, name, rowContext);
  try {
    const result = await runRow({ ...row, output: name }, folder, run, rowContext);
    return result.status === 'ok' ? { ...result, image_file_name: shown } : result;
  } finally {
    /* Removes a new folder that stayed empty. */
    if (isNew) await rmdir(folder).catch(() => undefined);
  }
};

/** Removes temporary files of killed runs for the same output; harmless if it fails. */
const clearKilled = (folder: string, name: string, { context }: RowContext): Promise<void> =>
  clearTemporaries(folder, {
    outputFolder: folder,
    part: null,
    isAlive: (pid) => isAlive(context, pid),
    onlyOf: join(folder, name),
  }).catch(() => undefined);

export const runRow = async (
  row: Row,
  outputFolder: string,
  run: BatchRun & { replaceable?: Replaceable },
  { flags, context, signal }: RowContext,
): Promise<ResultRecord> => {
  const { work, screening, total, replaceable = NOTHING } = run;
  const results: ResultRecord[] = [];
  const progress = createProgress(context.stderr, total, flags.quiet === true);
  try {
    await openScreening(screening, flags, context, signal);
    await runBatch({
      rows: rereadRow(row, run),
      work,
      journal: NO_JOURNAL,
      outputFolder,
      earlier: null,
      base: 0,
      screening,
      retryFailed: false,
      replaceable,
      errorThreshold: -1,
      version: packageVersion(),
      signal,
      report: (event) => {
        if (event.kind === 'row') results.push(event.result);
        else progress.report(event);
      },
    });
  } finally {
    progress.stop();
  }
  const [result] = results;
  if (result === undefined) throw new Error('a run of one row gave no result');
  return result;
};

/** Reads the row again once the model is open, when it is known which LoRAs of a folder fit. */
async function* rereadRow({ output, sourceText, inputName }: Row, run: BatchRun): AsyncGenerator<Row | InvalidRow> {
  for await (const row of run.rows()) yield 'error' in row ? row : { ...row, output, sourceText, inputName };
}
