/** `--dry-run`: prints which rows would run, which would fail and why, and the cost with each preset of --speed. */
import { stat } from 'node:fs/promises';
import { findDone } from '../../../run/batch/begin-row.js';
import { dryRun, type Cost, type DryRunCost } from '../../../run/batch/dry-run.js';
import { fileOnTheWay, folderUnwritable } from '../../../run/batch/check-outputs.js';
import { NONE_IN_USE } from '../../../run/batch/files-in-use.js';
import { onCpu } from '../../../onnx/devices/choose-target.js';
import type { ProcessorInfo } from '../../../run/batch/row-processor.js';
import { openEarlierResults, type EarlierResults } from '../../../run/results/earlier-results.js';
import { addToSummary, emptySummary } from '../../../run/results/summary.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { SPEEDS } from '../options/option-choices.js';
import { engineSpeed, parseSpeed, type Speed } from '../options/speed.js';
import type { BatchRun } from './run-kind.js';
import { readKnownTimes, type Timed } from '../known-times.js';
import { failureOf, printFailure } from '../progress/failure-text.js';
import { checkAppend, checkBeforeRun, checkCsv, type RunStart } from '../check-before-run.js';
import { resultsPathOf } from '../../../run/results/results-path.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import type { CostNumbers } from '../progress/print-results.js';
import { dryRunText } from '../progress/dry-run-text.js';
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
  try {
    if (run.appends && earlier !== null) await checkAppend(run, info, { base: start?.base ?? null, earlier }, signal);
    const { outputFolder, screening, verifies, retriesFailed: retryFailed } = run;
    const own = parseSpeed(flags);
    /* Nothing prints the others. */
    const others = flags.quiet === true && flags.json !== true ? [] : SPEEDS.filter((speed) => speed !== own);
    const known = await readKnownTimes(context.env);
    const times = [own, ...others].map((speed) => known(timedAt(speed, info, run, flags)));
    const base = start?.base ?? 0;
    const finished = { ...info, outputFolder, screening, verifies, retryFailed, earlier, base, signal };
    const results = dryRun(await run.rowsAt(others), run.work, info, {
      ...{ outputFolder, inUse: start?.inUse ?? NONE_IN_USE, times, signal },
      findDone: async (row) => (await findDone(row, finished))?.result ?? null,
    });
    let summary = emptySummary();
    for (;;) {
      const { done, value } = await results.next();
      if (done === true) {
        const costs = costsBySpeed(own, others, value);
        const speeds = Object.fromEntries([...costs].map(([speed, cost]) => [speed, numbersOf(cost)]));
        run.print({ summary: { ...summary, total: run.total.rows, ...numbersOf(value), done: value.done, speeds } });
        if (flags.quiet !== true) context.stderr.write(dryRunText(summary, value, info, costs));
        return summary.failed > 0 ? 1 : 0;
      }
      const { result, line, isDone } = value;
      summary = addToSummary(summary, result);
      run.print(result);
      if (isDone) continue;
      if (flags.quiet !== true) context.stderr.write(resultNotes(result));
      const failure = failureOf(result, line);
      if (failure !== null) printFailure(failure, context.stderr);
    }
  } finally {
    await earlier?.close();
  }
};

/** In the order of `SPEEDS`. */
const costsBySpeed = (own: Speed, others: readonly Speed[], cost: DryRunCost): Map<Speed, Cost> =>
  new Map(
    SPEEDS.flatMap((speed) => {
      const found = speed === own ? cost : cost.alternatives[others.indexOf(speed)];
      return found === undefined ? [] : [[speed, found] as const];
    }),
  );

/** As in `--json`. */
const numbersOf = ({ calls, cached, failed, ms }: Cost): CostNumbers => ({
  ...{ unet_calls: calls, cached_unet_calls: cached, would_fail: failed },
  ...(ms === null ? {} : { seconds: Number((ms / 1000).toPrecision(2)) }),
});

/** What decides how long a preset's calls take here: on the CPU, presets differ in precision. */
const timedAt = (speed: Speed, info: ProcessorInfo, run: BatchRun, flags: BatchFlags): Timed => {
  const { precision, memory } = engineSpeed({ ...flags, speed });
  return {
    ...info,
    precision: info.device.startsWith('cpu') ? onCpu(precision).precision : info.precision,
    memory,
    slots: run.work.slots(),
  };
};

/** Notes the lines that are not results, as the run would. */
const openEarlier = async (
  run: BatchRun,
  { quiet }: BatchFlags,
  { stderr }: ProcessContext,
): Promise<EarlierResults> => {
  const invalidLineNotes = createLimitedNotes(quiet === true ? null : stderr, FOREIGN_LINES);
  const earlier = await openEarlierResults(resultsPathOf(run), {
    onInvalidLine: (fault) => {
      invalidLineNotes.say(foreignLine(fault));
    },
  });
  invalidLineNotes.end();
  return earlier;
};

/** @returns null: the folder does not exist yet, so there is no earlier run */
const checkEarlierRun = async (run: BatchRun): Promise<RunStart | null> => {
  const { outputFolder } = run;
  const stats = await stat(outputFolder).catch(() => null);
  if (stats === null) {
    if ((await fileOnTheWay(outputFolder)) !== null) throw await folderUnwritable(outputFolder, '--output-dir');
    await checkCsv(run);
    return null;
  }
  if (stats.isDirectory()) return checkBeforeRun(run);
  throw await folderUnwritable(outputFolder, '--output-dir');
};
