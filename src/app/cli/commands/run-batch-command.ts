/** The batch command: everything is checked that can be, then it runs, or only looks. */
import { rm } from 'node:fs/promises';
import { skippedText } from '../../../run/manifest/inputs/skipped-files.js';
import { isRefineError, messageOf } from '../../../errors.js';
import { batchKind, planBatch, verbOf, type BatchFlags, type RunKind } from './batch-run.js';
import type { MergedConfig } from '../config/config.js';
import { lookOnly } from './dry-run.js';
import { saySettingsFiles } from '../progress/say-settings-files.js';
import { resultPrinter } from '../progress/print-results.js';
import { refineAll } from './refine-all.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { createStepSummary } from '../progress/step-summary.js';
import { listenForStop } from '../stop-signal.js';
import type { Surroundings } from '../process-context.js';

/** @returns the exit code */
export const runBatchCommand = async (
  inputs: readonly string[],
  { flags, file, userFile, settings }: MergedConfig<BatchFlags>,
  around: Surroundings,
  kind: RunKind = batchKind(flags, around),
): Promise<number> => {
  saySettingsFiles(file, userFile, flags, around);
  const stepSummary = createStepSummary(around, settings, verbOf(kind));
  const printLine = resultPrinter(flags.json === true, around);
  const print: typeof printLine = (line) => {
    printLine(line);
    stepSummary.take(line);
  };
  const stop = listenForStop(around, () => {
    around.stderr.write('Stopping; finished rows are kept. Once more to stop at once.\n');
  });
  const scratch = await makeScratchFolder();
  try {
    const run = await planBatch(inputs, flags, around, {
      ...{ kind, scratch, signal: stop.signal, print },
      settingsFiles: [file, userFile].filter((path) => path !== null),
    });
    const passedBy = skippedText(run.passedBy);
    if (passedBy !== '' && flags.quiet !== true) around.stderr.write(`${passedBy}\n`);
    try {
      const exitCode = await (flags.dryRun === true ? lookOnly : refineAll)(run, flags, around, stop.signal);
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
