/** The batch command with `--dry-run`: what would run, what would fail and why, and what it would cost. */
import { dryRun } from '../batch/dry-run.js';
import { addToSummary, emptySummary } from '../results/summary.js';
import type { BatchFlags, BatchRun } from './batch-run.js';
import { failureOf, sayFailure } from './failure-text.js';
import { dryRunText } from './summary-text.js';
import { resultNotes } from './say-warnings.js';
import type { Surroundings } from './surroundings.js';

/** @returns the exit code */
export const lookOnly = async (
  run: BatchRun,
  flags: BatchFlags,
  around: Surroundings,
  signal: AbortSignal,
): Promise<number> => {
  const info = await run.work.open(signal);
  /* That the model opens is known now; its memory is not needed for looking. */
  run.work.close();
  const looks = dryRun(run.rows(), run.work, info, signal);
  let summary = emptySummary();
  for (;;) {
    const { done, value } = await looks.next();
    if (done === true) {
      run.print({ summary: { ...summary, total: run.total.rows, unet_calls: value.unetCalls } });
      if (flags.quiet !== true) around.stderr.write(dryRunText(summary, value, info));
      return summary.failed > 0 ? 1 : 0;
    }
    const { result, line } = value;
    summary = addToSummary(summary, result);
    run.print(result);
    if (flags.quiet !== true) around.stderr.write(resultNotes(result));
    const failure = failureOf(result, line);
    if (failure !== null) sayFailure(failure, around.stderr);
  }
};
