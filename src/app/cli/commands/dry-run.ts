/** `--dry-run`: prints which rows would run, which would fail and why, and the cost in UNet calls. */
import { stat } from 'node:fs/promises';
import { isFinished } from '../../../run/batch/begin-row.js';
import { dryRun } from '../../../run/batch/dry-run.js';
import { NONE_IN_USE } from '../../../run/batch/files-in-use.js';
import { isRefineError, RefineError } from '../../../errors.js';
import { openEarlierResults, type EarlierResults } from '../../../run/results/earlier-results.js';
import { addToSummary, emptySummary } from '../../../run/results/summary.js';
import { countSteps, countWholeSteps } from '../../../run/manifest/rows/count-steps.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { SPEEDS } from '../options/option-choices.js';
import type { SpeedCost } from '../options/speed.js';
import type { BatchRun } from './run-kind.js';
import { failureOf, printFailure } from '../progress/failure-text.js';
import { checkAppend, checkBeforeRun, checkCsv, type RunStart } from '../check-before-run.js';
import { resultsPathOf } from '../../../run/results/results-path.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import { dryRunText } from '../progress/summary-text.js';
import { resultNotes } from '../progress/print-warnings.js';
import type { ProcessContext } from '../process-context.js';

/** @returns the exit code @throws OUTPUT_EXISTS OUTPUT_OTHER_RUN OUTPUT_UNWRITABLE as the run would, before the first row */
export const reportDryRun = async (
  run: BatchRun,
  flags: BatchFlags,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<number> => {
  const start = await checkEarlierRun(run);
  const info = await run.work.open(signal);
  /* Opening was only a check: free the model's memory. */
  run.work.close();
  const earlier = start?.usesEarlierResults === true ? await openEarlier(run, flags, context) : null;
  /* Each preset is another reading of the rows. */
  const costs = flags.quiet === true && flags.json !== true ? [] : await openCosts(run);
  try {
    if (run.appends && earlier !== null) await checkAppend(run, info, { base: start?.base ?? null, earlier }, signal);
    const { outputFolder, screening, verifies, retriesFailed: retryFailed } = run;
    const finished = {
      ...info,
      outputFolder,
      screening,
      verifies,
      retryFailed,
      earlier,
      base: start?.base ?? 0,
      signal,
    };
    const results = dryRun(run.rows(), run.work, info, {
      ...{ outputFolder, inUse: start?.inUse ?? NONE_IN_USE, signal },
      isFinished: (row) => isFinished(row, finished),
    });
    let summary = emptySummary();
    for (;;) {
      const { done, value } = await results.next();
      if (done === true) {
        const speeds = costs.map(({ cost }) => cost);
        const counts = speeds.map(({ speed, steps, wholeSteps }) => [speed, { unet_calls: steps, whole: wholeSteps }]);
        const calls = { unet_calls: value.unetCalls, speeds: Object.fromEntries(counts) as object };
        run.print({ summary: { ...summary, total: run.total.rows, ...calls } });
        if (flags.quiet !== true) context.stderr.write(dryRunText(summary, value, info, speeds));
        return summary.failed > 0 ? 1 : 0;
      }
      const { result, line } = value;
      for (const { add } of costs) await add(result.status === 'skipped');
      summary = addToSummary(summary, result);
      run.print(result);
      if (flags.quiet !== true) context.stderr.write(resultNotes(result));
      const failure = failureOf(result, line);
      if (failure !== null) printFailure(failure, context.stderr);
    }
  } finally {
    for (const { close } of costs) await close();
    await earlier?.close();
  }
};

interface OpenCost {
  cost: SpeedCost;
  /** Adds the next row. */
  add: (wouldRun: boolean) => Promise<void>;
  close: () => Promise<void>;
}

/**
 * Costs with each preset, added up row by row beside the run's own rows. A preset that the options contradict for every row, such as
 * custom sigmas with another scheduler, is left out.
 */
const openCosts = async (run: BatchRun): Promise<OpenCost[]> => {
  const costs = await Promise.all(
    SPEEDS.map(async (speed) => {
      const found = await run.rowsAt(speed).catch((thrown: unknown) => {
        if (isRefineError(thrown)) return null;
        throw thrown;
      });
      if (found === null) return [];
      const rows = found[Symbol.asyncIterator]();
      const cost: SpeedCost = { speed, steps: 0, wholeSteps: 0 };
      const add = async (wouldRun: boolean): Promise<void> => {
        const next = await rows.next();
        if (!wouldRun || next.done === true) return;
        cost.steps += countSteps(next.value);
        cost.wholeSteps += countWholeSteps(next.value);
      };
      const close = async (): Promise<void> => {
        await rows.return?.();
      };
      return [{ cost, add, close }];
    }),
  );
  return costs.flat();
};

/** Notes the lines that are not results, as the run would. */
const openEarlier = async (
  run: BatchRun,
  { quiet }: BatchFlags,
  { stderr }: ProcessContext,
): Promise<EarlierResults> => {
  const invalidLineNotes = createLimitedNotes(quiet === true ? null : stderr, FOREIGN_LINES);
  const earlier = await openEarlierResults(resultsPathOf(run), (fault) => {
    invalidLineNotes.say(foreignLine(fault));
  });
  invalidLineNotes.end();
  return earlier;
};

/** @returns null: the folder does not exist yet, so there is no earlier run */
const checkEarlierRun = async (run: BatchRun): Promise<RunStart | null> => {
  const { outputFolder } = run;
  const stats = await stat(outputFolder).catch(() => null);
  if (stats === null) {
    await checkCsv(run);
    return null;
  }
  if (stats.isDirectory()) return checkBeforeRun(run);
  throw new RefineError(
    'OUTPUT_UNWRITABLE',
    `Cannot write to the output folder ${outputFolder}: it is a file. Choose another with --output-dir.`,
    { context: { folder: outputFolder } },
  );
};
