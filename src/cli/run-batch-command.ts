/** The batch command: everything is checked that can be, then it runs, or only looks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeOutputFolder, refuseExisting } from '../batch/check-outputs.js';
import { dryRun } from '../batch/dry-run.js';
import { runBatch } from '../batch/run-batch.js';
import type { ResultRecord } from '../records.js';
import type { Engine } from '../engine/engine.js';
import { openJournal, type Journal } from '../results/journal.js';
import { writePredictionsCsv } from '../results/predictions-csv.js';
import { addToSummary, emptySummary } from '../results/summary.js';
import { planBatch, type BatchFlags, type BatchRun } from './batch-run.js';
import type { Surroundings } from './surroundings.js';
import { createProgress } from './progress.js';
import { listenForStop } from './stop-signal.js';
import { dryRunText, summaryText } from './summary-text.js';

const RESULTS = 'results.jsonl';

/** @returns the exit code */
export const runBatchCommand = async (
  inputs: readonly string[],
  flags: BatchFlags,
  around: Surroundings,
): Promise<number> => {
  const scratch = await mkdtemp(join(tmpdir(), 'sdxl-refine-'));
  const stop = listenForStop(around, () => {
    around.stderr.write('\nStopping; finished rows are kept. Once more to stop at once.\n');
  });
  try {
    const run = await planBatch(inputs, flags, around, scratch);
    try {
      return await (flags.dryRun === true ? lookOnly : refineAll)(run, flags, around, stop.signal);
    } finally {
      run.engine.close();
    }
  } finally {
    stop.release();
    await rm(scratch, { recursive: true, force: true });
  }
};

type Act = (run: BatchRun, flags: BatchFlags, around: Surroundings, signal: AbortSignal) => Promise<number>;

const refineAll: Act = async (run, flags, around, signal) => {
  const { engine, outputFolder, errorThreshold, predictionsCsv } = run;
  const start = performance.now();
  const resultsPath = join(outputFolder, RESULTS);
  await makeOutputFolder(outputFolder);
  if (flags.overwrite !== true) await refuseExisting(outputFolder, [RESULTS], run.rows());
  const print = printer(flags, around);
  const progress = createProgress(around.stderr, run.total, flags.quiet === true);
  const journal = await openNewJournal(engine, resultsPath, signal).catch((thrown: unknown) => {
    progress.stop();
    throw thrown;
  });
  try {
    const outcome = await runBatch({
      rows: run.rows(),
      engine,
      journal,
      outputFolder,
      errorThreshold,
      signal,
      report: (event) => {
        progress.report(event);
        if (event.kind === 'row') print(event.result);
      },
    });
    await journal.close();
    if (predictionsCsv !== null) await writePredictionsCsv(resultsPath, predictionsCsv);
    progress.stop();
    const durationMs = Math.round(performance.now() - start);
    print({ summary: { ...outcome.summary, total: run.total, duration_ms: durationMs, results: resultsPath } });
    if (flags.quiet !== true) around.stderr.write(summaryText(outcome, { total: run.total, durationMs, outputFolder }));
    return outcome.stoppedByThreshold || outcome.summary.failed > 0 ? 1 : 0;
  } finally {
    progress.stop();
    await journal.close();
  }
};

/** A model that does not open leaves an earlier run's results as they are, and no empty ones. */
const openNewJournal = async (engine: Engine, path: string, signal: AbortSignal): Promise<Journal> => {
  await engine.open(signal);
  await rm(path, { force: true });
  return openJournal(path);
};

const lookOnly: Act = async (run, flags, around, signal) => {
  const info = await run.engine.open(signal);
  const print = printer(flags, around);
  const looks = dryRun(run.rows(), info, signal);
  let summary = emptySummary();
  for (;;) {
    const { done, value } = await looks.next();
    if (done === true) {
      print({ summary: { ...summary, total: run.total, unet_calls: value.unetCalls } });
      if (flags.quiet !== true) around.stderr.write(dryRunText(summary, value, info));
      return summary.failed > 0 ? 1 : 0;
    }
    summary = addToSummary(summary, value);
    print(value);
    if (value.error !== null && flags.quiet !== true) {
      around.stderr.write(
        `${value.input_csv_name} row ${value.row_number_per_file}: ${value.error.message} [${value.error.code}]\n`,
      );
    }
  }
};

/** Standard output is for results alone, and only where they are asked for. */
const printer =
  ({ json }: BatchFlags, { stdout }: Surroundings) =>
  (line: ResultRecord | { summary: object }): void => {
    if (json === true) stdout.write(`${JSON.stringify(line)}\n`);
  };
