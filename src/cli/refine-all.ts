/** The batch command when it runs: the output folder made its own, the rows refined, the results brought to their final form. */
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOutputFolder, refuseExisting, refuseFile } from '../batch/check-outputs.js';
import type { BatchEvent } from '../batch/events.js';
import { runBatch, type BatchOutcome } from '../batch/run-batch.js';
import { openEarlierResults } from '../results/earlier-results.js';
import { openJournal } from '../results/journal.js';
import { keepFrom, keepNewest } from '../results/keep-from.js';
import { writePredictionsCsv } from '../results/predictions-csv.js';
import { lockFolder } from '../results/run-lock.js';
import { writeRunSeed } from '../results/run-state.js';
import type { BatchFlags, BatchRun } from './batch-run.js';
import { isAlive } from './is-alive.js';
import { packageVersion } from './package-version.js';
import { createProgress } from './progress.js';
import { openScreening } from './safety-options.js';
import { stoppedText, summaryText } from './summary-text.js';
import type { Surroundings } from './surroundings.js';

/** @returns the exit code */
export const refineAll = async (
  run: BatchRun,
  flags: BatchFlags,
  around: Surroundings,
  signal: AbortSignal,
): Promise<number> => {
  const { outputFolder, part } = run;
  const isOurs = await makeOutputFolder(outputFolder);
  const lock = await lockFolder(outputFolder, part, (pid) => isAlive(around, pid));
  if (lock.takenFrom !== null && flags.quiet !== true) {
    around.stderr.write(`Taking ${outputFolder} over from a run that is gone (${lock.takenFrom})\n`);
  }
  try {
    if (!run.resumes && flags.overwrite !== true) await refuseExisting(outputFolder, [resultsName(run)], run.rows());
    if (!run.resumes && flags.overwrite !== true && run.predictionsCsv !== null) await refuseFile(run.predictionsCsv);
    return await refineLocked(run, flags, around, AbortSignal.any([signal, lock.lost]));
  } finally {
    await run.screening.close();
    await lock.release();
    /* A run that ended before it wrote anything leaves no empty folder. */
    if (isOurs) await rmdir(outputFolder).catch(() => undefined);
  }
};

const resultsName = ({ part }: BatchRun): string => `results${part}.jsonl`;

const refineLocked = async (
  run: BatchRun,
  flags: BatchFlags,
  around: Surroundings,
  signal: AbortSignal,
): Promise<number> => {
  const { outputFolder } = run;
  const total = run.total.rows;
  const start = performance.now();
  const resultsPath = join(outputFolder, resultsName(run));
  const progress = createProgress(around.stderr, run.total, flags.quiet === true);
  let finished = 0;
  /** Of a row of `generate`, what its base model did is kept, though no row is finished. */
  let isBegun = false;
  const count = (event: BatchEvent): void => {
    progress.report(event);
    isBegun ||= event.kind === 'step' && run.verb === 'generated';
    if (event.kind !== 'row') return;
    finished++;
    run.print(event.result);
  };
  let outcome: BatchOutcome;
  try {
    /* Asked first: it takes less time than a model. */
    await openScreening(run.screening, flags, around, signal);
    outcome = await refineInto(resultsPath, run, count, signal);
  } catch (thrown) {
    progress.stop();
    if (flags.quiet !== true) around.stderr.write(stoppedText(finished, { total, resultsPath, isBegun }));
    throw thrown;
  }
  progress.stop();
  if (run.predictionsCsv !== null) await writePredictionsCsv(resultsPath, run.predictionsCsv);
  const durationMs = Math.round(performance.now() - start);
  const { summary, takenOver, stoppedByThreshold } = outcome;
  run.print({ summary: { ...summary, taken_over: takenOver, total, duration_ms: durationMs, results: resultsPath } });
  if (flags.quiet !== true)
    around.stderr.write(
      summaryText(outcome, { total, durationMs, outputFolder, resultsName: resultsName(run), verb: run.verb }),
    );
  return stoppedByThreshold || summary.failed > 0 ? 1 : 0;
};

/** The rows through the engine and into the journal. */
const refineInto = async (
  resultsPath: string,
  run: BatchRun,
  report: (event: BatchEvent) => void,
  signal: AbortSignal,
): Promise<BatchOutcome> => {
  const { work, screening, outputFolder, errorThreshold } = run;
  /* A model that does not open leaves an earlier run's results as they are, and no empty ones. */
  await work.open(signal);
  if (!run.resumes) await rm(resultsPath, { force: true });
  await writeRunSeed(outputFolder, run.part, run.runSeed);
  const earlier = run.resumes ? await openEarlierResults(resultsPath) : null;
  const journal = await openJournal(resultsPath);
  try {
    const outcome = await runBatch({
      rows: run.rows(),
      work,
      journal,
      outputFolder,
      earlier,
      screening,
      retryFailed: run.retriesFailed,
      errorThreshold,
      version: packageVersion(),
      signal,
      report,
    });
    const isComplete = run.isWhole && !outcome.stoppedByThreshold;
    if (journal.begin > 0) await (isComplete ? keepFrom : keepNewest)(resultsPath, journal.begin);
    return outcome;
  } finally {
    await journal.close();
    await earlier?.close();
  }
};
