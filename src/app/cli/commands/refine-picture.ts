/** Runs `sdxl-refine <picture>`: a run of one row that writes only its picture. */
// eslint-disable-next-line no-restricted-imports -- for the picture that this file wrote
import { createReadStream } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeOutputFolder } from '../../../run/batch/check-outputs.js';
import { isTaken } from '../../../io/files/exists.js';
import { findReadFiles } from '../../../run/batch/files-in-use.js';
import { fileIdentity } from '../../../io/files/file-identity.js';
import { ALL, NOTHING, type Replaceable } from '../../../run/batch/replaceable.js';
import { runBatch } from '../../../run/batch/run-batch.js';
import { isRefineError, RefineError } from '../../../errors.js';
import { clearTemporaries } from '../../../run/results/clear-temporaries.js';
import { jsonText } from '../../../io/json/json-text.js';
import { readPictureHeader } from '../../../media/image/read-header.js';
import { parsePictureSource } from '../../../run/manifest/inputs/picture-source.js';
import type { InvalidRow, Row } from '../../../records/row.js';
import type { ResultRecord } from '../../../records/result.js';
import type { Journal } from '../../../run/results/journal.js';
import { buildResultRecord } from '../../../run/results/result-record.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { batchKind, planBatch, type BatchRun } from './batch-run.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { isAlive } from '../is-process-alive.js';
import type { MergedConfig } from '../config/config.js';
import { packageVersion } from '../package-version.js';
import { expectOnePicture, readPictureInput, type PictureInput } from '../options/picture-input.js';
import { mayWrite, outputEnding, placeOutput, type PictureOutput } from '../options/picture-output.js';
import { printSettingsFiles } from '../progress/print-settings-files.js';
import { createProgress } from '../progress/progress.js';
import { openScreening } from '../options/safety-options.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { listenForStop } from '../stop-signal.js';
import type { ProcessContext } from '../process-context.js';
import { timeText } from '../progress/time-text.js';

/** Nothing continues this run. */
const NO_JOURNAL: Journal = { begin: 0, append: () => Promise.resolve(), close: () => Promise.resolve() };

export interface RefineFlags extends BatchFlags {
  output?: string;
}

interface RunContext {
  settingsFiles: readonly string[];
  flags: RefineFlags;
  context: ProcessContext;
  scratch: string;
  signal: AbortSignal;
}

/** @returns the exit code @throws the errors that end a run, and errors of the output before a model is opened */
export const refinePicture = async (
  inputs: readonly string[],
  { flags, file, userFile }: MergedConfig<RefineFlags>,
  context: ProcessContext,
): Promise<number> => {
  const input = await expectOnePicture(inputs, context.cwd());
  const toStdout = flags.output === '-' || (flags.output === undefined && input === '-');
  expectStdout(toStdout, flags, context);
  printSettingsFiles(file, userFile, flags, context);
  const stop = listenForStop(context, () => {
    context.stderr.write('Stopping. Press Ctrl-C again to stop at once.\n');
  });
  const scratch = await makeScratchFolder();
  const settingsFiles = [file, userFile].filter((path) => path !== null);
  const run = { flags, context, scratch, settingsFiles, signal: stop.signal };
  try {
    const result = await refineInto(toStdout ? null : flags.output, input, run);
    if (flags.json === true) context.stdout.write(`${jsonText(result)}\n`);
    return report(result, flags, context);
  } catch (thrown) {
    if (!isRefineError(thrown) || thrown.code !== 'CANCELLED') throw thrown;
    throw new RefineError('CANCELLED', 'Stopped; no picture is written.', { cause: thrown });
  } finally {
    await rm(scratch, { recursive: true, force: true });
    stop.release();
  }
};

/** @throws USAGE_CONFLICT */
const expectStdout = (toStdout: boolean, { json }: RefineFlags, { stdout }: ProcessContext): void => {
  if (!toStdout) return;
  if (json === true) {
    throw new RefineError('USAGE_CONFLICT', '--json and the picture would both go to standard output: give -o <file>.');
  }
  if (stdout.isTTY === true) {
    throw new RefineError('USAGE_CONFLICT', 'The picture would go to the terminal: give -o <file>, or > <file>.');
  }
};

/** @param output null: standard output */
const refineInto = async (
  output: string | undefined | null,
  text: string,
  runContext: RunContext,
): Promise<ResultRecord> => {
  const { flags, context, scratch, signal } = runContext;
  const cwd = context.cwd();
  const ending = await outputEnding(output ?? undefined, cwd);
  const input = await readPictureInput(text, context, runContext);
  const run = await planBatch([], { ...flags, outputDir: '.', errorThreshold: '-1' }, context, {
    kind: batchKind(flags, context),
    scratch,
    signal,
    settingsFiles: runContext.settingsFiles,
    print: () => undefined,
    row: [[input.key, input.value], ...(ending === null ? [] : ([['output', `picture${ending}`]] as const))],
  });
  try {
    const row = await readRow(run, input);
    /* Before the model is opened, which takes much longer than reading a header. */
    const error = (await headerError(row, input, runContext)) ?? ('error' in row ? row.error : null);
    if ('error' in row || error !== null) return failure(row, error, flags);
    if (output === null) {
      const result = await runRow({ ...row, output: basename(row.output) }, scratch, run, runContext);
      if (result.status !== 'ok') return result;
      await sendToStdout(join(scratch, basename(row.output)), runContext);
      return { ...result, image_file_name: 'standard output' };
    }
    const target = await placeOutput(row, output, cwd);
    /* Replace only a file that exists now, not one that appears during the run. */
    const replaceable = (await isTaken(join(target.folder, target.name))) ? ALL : NOTHING;
    await refuseInputFile(target, run);
    await mayWrite(target, row, { overwrite: flags.overwrite === true, context, signal });
    return await writeTo(target, row, { ...run, replaceable }, runContext);
  } finally {
    run.work.close();
    await run.screening.close();
  }
};

/** Refuses, even with --overwrite, to replace a file that the run reads. @throws OUTPUT_IS_INPUT */
const refuseInputFile = async ({ folder, name, shown }: PictureOutput, run: BatchRun): Promise<void> => {
  const identity = await fileIdentity(join(folder, name));
  if (identity === null) return;
  const [source] = (await findReadFiles((candidate) => candidate === identity, { ...run, outputFolder: '' })).values();
  if (source === undefined) return;
  throw new RefineError(
    'OUTPUT_IS_INPUT',
    `${shown} is a file that the run reads (${source}). Give another name with -o.`,
  );
};

const readRow = async (run: BatchRun, { shown, name }: PictureInput): Promise<Row | InvalidRow> => {
  for await (const row of run.rows()) {
    const sourceText = shown ?? row.sourceText;
    return { ...row, sourceText, inputName: name === '' ? (sourceText ?? '') : name };
  }
  throw new Error('a run of one row has none');
};

/** Error of a picture's header; a missing file is reported before any other error of its row. */
const headerError = async (
  row: Row | InvalidRow,
  { key, value }: PictureInput,
  { context, signal }: RunContext,
): Promise<ResultRecord['error']> => {
  const source = 'source' in row ? row.source : parsePictureSource(value, context.cwd()).source;
  if (key !== 'image' || (source.kind !== 'file' && source.kind !== 'inline')) return null;
  try {
    await readPictureHeader(source, row.sourceText ?? '', { signal });
    return null;
  } catch (thrown) {
    if (!isRefineError(thrown) || thrown.scope !== 'row') throw thrown;
    return { code: thrown.code, message: thrown.message };
  }
};

/** The result of a row that failed before a model was opened. */
const failure = (
  row: Row | InvalidRow,
  error: ResultRecord['error'],
  { model, device, precision }: RefineFlags,
): ResultRecord => {
  const run = { model: model ?? basename(BUNDLED_MODEL), device, precision };
  if (error === null) throw new Error('a row failed without an error');
  return buildResultRecord(row, { status: 'failed', error, durationMs: null }, run);
};

const writeTo = async (
  { folder, name, shown }: PictureOutput,
  row: Row,
  run: BatchRun & { replaceable: Replaceable },
  runContext: RunContext,
): Promise<ResultRecord> => {
  const isNew = await makeOutputFolder(folder);
  await clearKilled(folder, name, runContext);
  try {
    const result = await runRow({ ...row, output: name }, folder, run, runContext);
    return result.status === 'ok' ? { ...result, image_file_name: shown } : result;
  } finally {
    /* Removes a new folder that stayed empty. */
    if (isNew) await rmdir(folder).catch(() => undefined);
  }
};

/** Removes temporary files of killed runs for the same output; harmless if it fails. */
const clearKilled = (folder: string, name: string, { context }: RunContext): Promise<void> =>
  clearTemporaries(folder, {
    outputFolder: folder,
    part: null,
    isAlive: (pid) => isAlive(context, pid),
    onlyOf: join(folder, name),
  }).catch(() => undefined);

const runRow = async (
  row: Row,
  outputFolder: string,
  run: BatchRun & { replaceable?: Replaceable },
  { flags, context, signal }: RunContext,
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

const sendToStdout = async (path: string, { context, signal }: RunContext): Promise<void> => {
  try {
    await pipeline(createReadStream(path), context.stdout, { end: false });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
};

/** Prints the outcome. @returns the exit code */
const report = (result: ResultRecord, { quiet }: RefineFlags, { stderr }: ProcessContext): number => {
  if (result.error !== null) {
    const { code, message } = result.error;
    stderr.write(`sdxl-refine: ${message} [${code}]\n`);
    return new RefineError(code, message).exitCode;
  }
  if (result.status === 'blocked') {
    stderr.write('sdxl-refine: Blocked by content safety; no picture is written.\n');
    return 1;
  }
  const { image_file_name: name, width, height, seed, steps_run: steps, duration_ms: duration } = result;
  if (quiet !== true)
    stderr.write(
      `${name}: ${width} × ${height}, ${steps} ${steps === 1 ? 'step' : 'steps'}, seed ${seed}, ${timeText(duration ?? 0)}\n`,
    );
  return 0;
};
