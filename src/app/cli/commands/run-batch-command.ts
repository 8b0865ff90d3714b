/** Runs `batch` and `generate`: plans the run, then runs it or reports a dry run. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { skippedText } from '../../../run/manifest/inputs/skipped-files.js';
import { isRefineError, messageOf, RefineError } from '../../../errors.js';
import { isStoreUri } from '../../../io/store/store-uri.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { batchKind } from './batch-kind.js';
import { planBatch, REMOTE_WORK } from './plan-batch.js';
import { verbOf, type RunKind } from './run-kind.js';
import type { MergedConfig } from '../config/config.js';
import { reportDryRun } from './dry-run.js';
import { extraKeysNote } from '../progress/extra-keys-note.js';
import { expectCsvOutside } from '../options/output-place.js';
import { printSettingsFiles } from '../progress/print-settings-files.js';
import { resultPrinter } from '../progress/print-results.js';
import { refineAll } from './refine-all.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { createStepSummary } from '../progress/step-summary.js';
import { listenForStop } from '../stop-signal.js';
import type { ProcessContext } from '../process-context.js';

/** Errors of a run into object storage name its working folder; the user named a URI. */
const namedByUri = (thrown: unknown, folder: string, uri: string): unknown =>
  isStoreUri(uri) && isRefineError(thrown) && thrown.message.includes(folder)
    ? new RefineError(thrown.code, thrown.message.replaceAll(folder, uri.replace(/\/+$/, '')), { cause: thrown })
    : thrown;

/** @returns the exit code */
export const runBatchCommand = async (
  inputs: readonly string[],
  { flags, file, userFile, settings }: MergedConfig<BatchFlags>,
  context: ProcessContext,
  kind: RunKind = batchKind(flags, context),
): Promise<number> => {
  printSettingsFiles(file, userFile, flags, context);
  const stepSummary = createStepSummary(context, settings, verbOf(kind));
  const printLine = resultPrinter(flags.json === true, context);
  const print: typeof printLine = (line) => {
    printLine(line);
    stepSummary.add(line);
  };
  const stop = listenForStop(context, () => {
    context.stderr.write('Stopping; finished rows are kept. Press Ctrl-C again to stop at once.\n');
  });
  const scratch = await makeScratchFolder(context);
  try {
    await expectCsvOutside(inputs, flags, context.cwd());
    const run = await planBatch(inputs, flags, context, {
      ...{ kind, scratch, signal: stop.signal, print },
      settingsFiles: [file, userFile].filter((path) => path !== null),
    });
    const skipped = skippedText(run.skipped);
    if (skipped !== '' && flags.quiet !== true) context.stderr.write(`${skipped}\n`);
    const extra = extraKeysNote(run.extraKeys);
    if (extra !== '' && flags.quiet !== true) context.stderr.write(extra);
    try {
      const exitCode = await (flags.dryRun === true ? reportDryRun : refineAll)(run, flags, context, stop.signal);
      await stepSummary.write(null);
      return exitCode;
    } finally {
      run.work.close();
    }
  } catch (cause) {
    const thrown = namedByUri(cause, join(scratch, REMOTE_WORK), flags.outputDir);
    await stepSummary.write(isRefineError(thrown) ? `${thrown.message} [${thrown.code}]` : messageOf(thrown));
    throw thrown;
  } finally {
    await rm(scratch, { recursive: true, force: true });
    stop.release();
  }
};
