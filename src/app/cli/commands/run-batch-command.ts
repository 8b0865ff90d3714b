/** Runs `batch` and `generate`: plans the run, then runs it or reports a dry run. */
import { rm } from 'node:fs/promises';
import { skippedText } from '../../../run/manifest/inputs/skipped-files.js';
import { isRefineError, messageOf } from '../../../errors.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { batchKind, planBatch, verbOf, type RunKind } from './batch-run.js';
import type { MergedConfig } from '../config/config.js';
import { reportDryRun } from './dry-run.js';
import { printSettingsFiles } from '../progress/print-settings-files.js';
import { resultPrinter } from '../progress/print-results.js';
import { refineAll } from './refine-all.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { createStepSummary } from '../progress/step-summary.js';
import { listenForStop } from '../stop-signal.js';
import type { ProcessContext } from '../process-context.js';

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
  const scratch = await makeScratchFolder();
  try {
    const run = await planBatch(inputs, flags, context, {
      ...{ kind, scratch, signal: stop.signal, print },
      settingsFiles: [file, userFile].filter((path) => path !== null),
    });
    const skipped = skippedText(run.skipped);
    if (skipped !== '' && flags.quiet !== true) context.stderr.write(`${skipped}\n`);
    try {
      const exitCode = await (flags.dryRun === true ? reportDryRun : refineAll)(run, flags, context, stop.signal);
      await stepSummary.write(null);
      return exitCode;
    } finally {
      run.work.close();
    }
  } catch (thrown) {
    await stepSummary.write(isRefineError(thrown) ? `${thrown.message} [${thrown.code}]` : messageOf(thrown));
    throw thrown;
  } finally {
    await rm(scratch, { recursive: true, force: true });
    stop.release();
  }
};
