/** Runs `sdxl-refine <picture>`, and `generate` into one file: a run of one row that writes only its picture. */
// oxlint-disable-next-line no-restricted-imports -- for the picture that this file wrote
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isTaken } from '../../../io/files/exists.js';
import { ALL, NOTHING } from '../../../run/batch/replaceable.js';
import { isRefineError, RefineError } from '../../../errors.js';
import { jsonText } from '../../../io/json/json-text.js';
import type { ResultRecord } from '../../../records/result.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { batchKind } from './batch-kind.js';
import { planBatch } from './plan-batch.js';
import type { RunKind } from './run-kind.js';
import { failure, headerError, readRow, refuseInputFile, runRow, writeTo, type RowContext } from './refine-one-row.js';
import type { MergedConfig } from '../config/config.js';
import { expectOnePicture, readPictureInput, type PictureInput } from '../options/picture-input.js';
import { mayWrite, outputEnding, placeOutput } from '../options/picture-output.js';
import { printSettingsFiles } from '../progress/print-settings-files.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { listenForStop } from '../stop-signal.js';
import type { ProcessContext } from '../process-context.js';
import { timeText } from '../progress/time-text.js';

export interface RefineFlags extends BatchFlags {
  output?: string;
}

interface RunContext extends RowContext {
  settingsFiles: readonly string[];
  scratch: string;
}

/** One picture to make, from another one or from a prompt. */
export interface PictureTask {
  /** A file or folder; undefined: beside its input; null: standard output. */
  output: string | undefined | null;
  kind: RunKind;
  /** Reads the picture; null: there is none. */
  readInput: (files: { scratch: string; signal: AbortSignal }) => Promise<PictureInput | null>;
}

/** @returns the exit code @throws the errors that end a run, and errors of the output before a model is opened */
export const refinePicture = async (
  inputs: readonly string[],
  config: MergedConfig<RefineFlags>,
  context: ProcessContext,
): Promise<number> => {
  const { flags } = config;
  const input = await expectOnePicture(inputs, { words: context.words, cwd: context.cwd() });
  const toStdout = flags.output === '-' || (flags.output === undefined && input === '-');
  return makePicture(config, context, {
    output: toStdout ? null : flags.output,
    kind: batchKind(flags, context),
    readInput: (files) => readPictureInput(input, context, files),
  });
};

/** As `refinePicture`. */
export const makePicture = async (
  { flags, file, userFile }: MergedConfig<BatchFlags>,
  context: ProcessContext,
  task: PictureTask,
): Promise<number> => {
  expectStdout(task.output === null, flags, context);
  printSettingsFiles(file, userFile, flags, context);
  const stop = listenForStop(context, () => {
    context.stderr.write('Stopping. Press Ctrl-C again to stop at once.\n');
  });
  const scratch = await makeScratchFolder(context);
  const settingsFiles = [file, userFile].filter((path) => path !== null);
  const run = { flags, context, scratch, settingsFiles, signal: stop.signal };
  try {
    const result = await makeOne(task, run);
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
const expectStdout = (toStdout: boolean, { json }: BatchFlags, { stdout }: ProcessContext): void => {
  if (!toStdout) return;
  if (json === true) {
    throw new RefineError('USAGE_CONFLICT', '--json and the picture would both go to standard output: give -o <file>.');
  }
  if (stdout.isTTY === true) {
    throw new RefineError('USAGE_CONFLICT', 'The picture would go to the terminal: give -o <file>, or > <file>.');
  }
};

const makeOne = async ({ output, kind, readInput }: PictureTask, runContext: RunContext): Promise<ResultRecord> => {
  const { flags, context, scratch, signal } = runContext;
  const cwd = context.cwd();
  const ending = await outputEnding(output ?? undefined, cwd);
  const input = await readInput(runContext);
  const run = await planBatch([], { ...flags, outputDir: scratch, errorThreshold: '-1' }, context, {
    kind,
    scratch,
    signal,
    settingsFiles: runContext.settingsFiles,
    print: () => undefined,
    row: [
      ...(input === null ? [] : [[input.key, input.value] as const]),
      ...(ending === null ? [] : ([['output', `picture${ending}`]] as const)),
    ],
  });
  try {
    const row = await readRow(run, input);
    /* Before the model is opened, which takes much longer than reading a header. */
    const error =
      (input === null ? null : await headerError(row, input, runContext)) ?? ('error' in row ? row.error : null);
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

const sendToStdout = async (path: string, { context, signal }: RunContext): Promise<void> => {
  try {
    await pipeline(createReadStream(path), context.stdout, { end: false });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
};

/** Prints the outcome. @returns the exit code */
const report = (result: ResultRecord, { quiet }: BatchFlags, { stderr }: ProcessContext): number => {
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
