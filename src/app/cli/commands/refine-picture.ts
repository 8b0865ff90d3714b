/** `sdxl-refine <picture>`: a run of one row, which writes its picture and nothing else. */
// eslint-disable-next-line no-restricted-imports -- for the picture that it wrote itself
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

/** There is no second run to tell of this one. */
const NO_JOURNAL: Journal = { begin: 0, append: () => Promise.resolve(), close: () => Promise.resolve() };

export interface RefineFlags extends BatchFlags {
  output?: string;
}

interface Place {
  settingsFiles: readonly string[];
  flags: RefineFlags;
  context: ProcessContext;
  scratch: string;
  signal: AbortSignal;
}

/** @returns the exit code @throws what ends a run, and what fails a row before a model is opened */
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
  const place = { flags, context, scratch, settingsFiles, signal: stop.signal };
  try {
    const result = await refineInto(toStdout ? null : flags.output, input, place);
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
const refineInto = async (output: string | undefined | null, text: string, place: Place): Promise<ResultRecord> => {
  const { flags, context, scratch, signal } = place;
  const cwd = context.cwd();
  const ending = await outputEnding(output ?? undefined, cwd);
  const input = await readPictureInput(text, context, place);
  const run = await planBatch([], { ...flags, outputDir: '.', errorThreshold: '-1' }, context, {
    kind: batchKind(flags, context),
    scratch,
    signal,
    settingsFiles: place.settingsFiles,
    print: () => undefined,
    row: [[input.key, input.value], ...(ending === null ? [] : ([['output', `picture${ending}`]] as const))],
  });
  try {
    const row = await readRow(run, input);
    /* A full-size model takes longer to open than a picture's header. */
    const error = (await headerError(row, input, place)) ?? ('error' in row ? row.error : null);
    if ('error' in row || error !== null) return failure(row, error, flags);
    if (output === null) {
      const result = await runRow({ ...row, output: basename(row.output) }, scratch, run, place);
      if (result.status !== 'ok') return result;
      await send(join(scratch, basename(row.output)), place);
      return { ...result, image_file_name: 'standard output' };
    }
    const target = await placeOutput(row, output, cwd);
    /* A file that appears there while the engine works is not replaced. */
    const replaceable = (await isTaken(join(target.folder, target.name))) ? ALL : NOTHING;
    await refuseSources(target, run);
    await mayWrite(target, row, { overwrite: flags.overwrite === true, context, signal });
    return await writeTo(target, row, { ...run, replaceable }, place);
  } finally {
    run.work.close();
    await run.screening.close();
  }
};

/** With --overwrite too. @throws OUTPUT_IS_INPUT */
const refuseSources = async ({ folder, name, shown }: PictureOutput, run: BatchRun): Promise<void> => {
  const identity = await fileIdentity(join(folder, name));
  if (identity === null) return;
  const [source] = (await findReadFiles((one) => one === identity, { ...run, outputFolder: '' })).values();
  if (source === undefined) return;
  throw new RefineError(
    'OUTPUT_IS_INPUT',
    `${shown} is a file that is read for it (${source}). Give another name with -o.`,
  );
};

const readRow = async (run: BatchRun, { shown, name }: PictureInput): Promise<Row | InvalidRow> => {
  for await (const row of run.rows()) {
    const sourceText = shown ?? row.sourceText;
    return { ...row, sourceText, inputName: name === '' ? (sourceText ?? '') : name };
  }
  throw new Error('a run of one row has none');
};

/** What is wrong with a picture's file before it is decoded: that there is none is told before anything of its row. */
const headerError = async (
  row: Row | InvalidRow,
  { key, value }: PictureInput,
  { context, signal }: Place,
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

/** Of a row that no model was opened for. */
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
  place: Place,
): Promise<ResultRecord> => {
  const isOurs = await makeOutputFolder(folder);
  await clearKilled(folder, name, place);
  try {
    const result = await runRow({ ...row, output: name }, folder, run, place);
    return result.status === 'ok' ? { ...result, image_file_name: shown } : result;
  } finally {
    /* A folder that was made for nothing does not stay; one with a picture in it does. */
    if (isOurs) await rmdir(folder).catch(() => undefined);
  }
};

/** What killed runs were writing for the same file. In a folder where that cannot be told it stays, and does no harm. */
const clearKilled = (folder: string, name: string, { context }: Place): Promise<void> =>
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
  { flags, context, signal }: Place,
): Promise<ResultRecord> => {
  const { work, screening, total, replaceable = NOTHING } = run;
  const results: ResultRecord[] = [];
  const progress = createProgress(context.stderr, total, flags.quiet === true);
  try {
    await openScreening(screening, flags, context, signal);
    await runBatch({
      rows: again(row, run),
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

/** The row, read once more now that the model is open: which LoRAs of a folder fit is known then. */
async function* again({ output, sourceText, inputName }: Row, run: BatchRun): AsyncGenerator<Row | InvalidRow> {
  for await (const row of run.rows()) yield 'error' in row ? row : { ...row, output, sourceText, inputName };
}

const send = async (path: string, { context, signal }: Place): Promise<void> => {
  try {
    await pipeline(createReadStream(path), context.stdout, { end: false });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
};

/** Says how it ended. @returns the exit code */
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
