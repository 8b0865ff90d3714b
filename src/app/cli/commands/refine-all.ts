/** Runs `batch` or `generate`: locks the output folder, processes the rows, and writes the final results. */
import { rmdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { uploadObject } from '../../../io/store/read-object.js';
import { isStoreUri } from '../../../io/store/store-uri.js';
import { findInputObjects, refuseExistingObjects, type RemoteOutputs } from '../../../run/batch/remote-outputs.js';
import { lockRemote, type RemoteLock } from '../../../run/results/remote/remote-lock.js';
import type { RemoteOutput } from '../../../run/results/remote/remote-output.js';
import { makeOutputFolder } from '../../../run/batch/check-outputs.js';
import type { BatchEvent } from '../../../run/batch/events.js';
import type { BatchOutcome } from '../../../run/batch/run-batch.js';
import { listSome, messageOf } from '../../../errors.js';
import { clearTemporaries, folderClearer, type ClearOptions } from '../../../run/results/clear-temporaries.js';
import { writePredictionsCsv } from '../../../run/results/predictions-csv.js';
import { lockFolder } from '../../../run/results/run-lock.js';
import type { BatchFlags } from '../options/batch-flags.js';
import type { BatchRun } from './run-kind.js';
import { refineInto, type BegunRun, type ContinuedRun } from './refine-into.js';
import { failureOf, type RowFailure } from '../progress/failure-text.js';
import { isAlive } from '../is-process-alive.js';
import { resultsPathOf } from '../../../run/results/results-path.js';
import { isOwnCsv, checkBeforeRun, type RunStart } from '../check-before-run.js';
import { createProgress } from '../progress/progress.js';
import { openScreening } from '../options/safety-options.js';
import { failureList, stoppedText, summaryText } from '../progress/summary-text.js';
import type { ProcessContext } from '../process-context.js';

/** @returns the exit code */
export const refineAll = async (
  run: BatchRun,
  flags: BatchFlags,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<number> => {
  const { outputFolder, part, remote } = run;
  const isNew = await makeOutputFolder(outputFolder);
  const clearing = { outputFolder, part, isAlive: (pid: number) => isAlive(context, pid) };
  const lock = await lockFolder(outputFolder, part, clearing.isAlive);
  let remoteLock: RemoteLock | null = null;
  try {
    if (remote !== null) remoteLock = await lockRemote(remote.store, part, clearing.isAlive, { signal });
    const takenFrom = lock.takenFrom ?? remoteLock?.takenFrom ?? null;
    if (takenFrom !== null && flags.quiet !== true) {
      context.stderr.write(
        `Taking ${remote?.store.shown ?? outputFolder} over from a run that has ended (${takenFrom})\n`,
      );
    }
    await remote?.expectUnchanged();
    const clearFolder = folderClearer(clearing);
    await clearFolder(outputFolder);
    const continuation = await checkBeforeRun(run);
    noteUnclaimed({ ...run, continuation }, flags, context);
    if (run.predictionsCsv !== null && !isStoreUri(run.predictionsCsv)) await clearCsv(run.predictionsCsv, clearing);
    const outputs = remote === null ? null : await checkObjects(run, remote, continuation, signal);
    const begun = { ...run, continuation, clearFolder, outputs };
    const signals = [signal, lock.lost, ...(remoteLock === null ? [] : [remoteLock.lost])];
    return await refineLocked(begun, flags, context, AbortSignal.any(signals));
  } finally {
    await run.screening.close();
    await remoteLock?.release().catch(() => {
      context.stderr.write(
        `Note: the lock in ${remote?.store.shown} could not be removed; the next run takes it over\n`,
      );
    });
    await lock.release().catch((cause: unknown) => {
      context.stderr.write(
        `Note: the lock in ${outputFolder} could not be removed; the next run takes it over (${messageOf(cause)})\n`,
      );
    });
    /* A run that wrote nothing leaves no empty folder. */
    if (isNew) await rmdir(outputFolder).catch(() => undefined);
  }
};

/** The checks of outputs in object storage. @throws OUTPUT_EXISTS, STORE_* */
const checkObjects = async (
  run: BatchRun,
  { store, uri }: RemoteOutput,
  { usesEarlierResults }: RunStart,
  signal: AbortSignal,
): Promise<RemoteOutputs> => {
  if (!run.overwrites && !usesEarlierResults) await refuseExistingObjects(store, run.rows, signal);
  return { store, uri, inputs: await findInputObjects(uri, run.allRows()) };
};

/** Clears temporary files of the CSV only: its folder may belong to other programs. */
const clearCsv = (path: string, clearing: Omit<ClearOptions, 'onlyOf'>): Promise<void> =>
  clearTemporaries(dirname(path), { ...clearing, onlyOf: path });

/** Failed rows listed again at the end of a run; results.jsonl has all. */
const LISTED_FAILURES = 20;

/** The path relative to the working directory if it is inside, else absolute. */
const shownPath = (path: string, cwd: string): string => {
  const fromHere = relative(cwd, path);
  return isAbsolute(fromHere) || fromHere.split(sep)[0] === '..' ? path : fromHere === '' ? '.' : fromHere;
};

/** Notes outputs of an earlier run that the new results no longer list. */
const noteUnclaimed = (
  { outputFolder, prunes, resumes, continuation: { unclaimed: found, otherResults } }: ContinuedRun,
  flags: BatchFlags,
  context: ProcessContext,
): void => {
  if (resumes || flags.quiet === true) return;
  const unclaimed = found.names;
  if (otherResults.length > 0) {
    context.stderr.write(`Note: ${listSome(otherResults)} in ${outputFolder}, of a run with other shards, is kept.\n`);
  }
  if (unclaimed.length === 0 || prunes) return;
  context.stderr.write(
    `Note: ${listSome(unclaimed)} of an earlier run ${unclaimed.length === 1 ? 'stays' : 'stay'} in ${outputFolder}, without a line in its results: no row writes ${unclaimed.length === 1 ? 'it' : 'them'} any more. --prune would remove ${unclaimed.length === 1 ? 'it' : 'them'}.\n`,
  );
};

/** Notes that an earlier run's CSV does not have the changed results. */
const noteStaleCsv = ({ state, continuation }: ContinuedRun, flags: BatchFlags, context: ProcessContext): void => {
  if (!continuation.usesEarlierResults || state?.predictionsCsv === undefined || flags.quiet === true) return;
  context.stderr.write(`Note: ${state.predictionsCsv} was not updated; --predictions-csv with its name rewrites it.\n`);
};

const writeCsv = async (run: BegunRun, place: string): Promise<void> => {
  const resultsPath = resultsPathOf(run);
  if (!isStoreUri(place)) return writePredictionsCsv(resultsPath, place, isOwnCsv(run));
  const copy = join(run.scratch, 'predictions.csv');
  await writePredictionsCsv(resultsPath, copy, true);
  await uploadObject(place, copy);
};

const refineLocked = async (
  run: BegunRun,
  flags: BatchFlags,
  context: ProcessContext,
  signal: AbortSignal,
): Promise<number> => {
  const { outputFolder } = run;
  const total = run.total.rows;
  const start = performance.now();
  const resultsPath = resultsPathOf(run);
  const shown = (path: string): string => run.remote?.shown(path) ?? shownPath(path, context.cwd());
  const { stderr } = context;
  const progress = createProgress(stderr, run.total, flags.quiet === true);
  const failures: RowFailure[] = [];
  let finished = 0;
  /** Whether `generate` has run a step: a base model's latents are kept even if no row is finished. */
  let isBegun = false;
  const count = (event: BatchEvent): void => {
    progress.report(event);
    isBegun ||= event.kind === 'step' && run.verb === 'generated';
    if (event.kind !== 'row') return;
    finished++;
    const failure = failures.length < LISTED_FAILURES ? failureOf(event.result, event.line) : null;
    if (failure !== null) failures.push(failure);
    run.print(event.result);
  };
  let outcome: BatchOutcome;
  try {
    /* Before the model: it takes less time. */
    await openScreening(run.screening, flags, context, signal);
    const notes = flags.quiet === true ? null : stderr;
    outcome = await refineInto(resultsPath, run, { report: count, notes, signal });
  } catch (thrown) {
    progress.stop();
    if (flags.quiet !== true)
      stderr.write(
        stoppedText(finished, {
          total,
          resultsPath: shown(resultsPath),
          isBegun,
          continueOption: run.appends ? '--append' : '--resume',
        }),
      );
    throw thrown;
  }
  progress.stop();
  if (run.predictionsCsv !== null) await writeCsv(run, run.predictionsCsv);
  else noteStaleCsv(run, flags, context);
  const durationMs = Math.round(performance.now() - start);
  const { summary, takenOver, refined, stoppedByThreshold } = outcome;
  run.print({
    summary: {
      ...summary,
      refined,
      taken_over: takenOver,
      total,
      duration_ms: durationMs,
      results: run.remote?.shown(resultsPath) ?? resultsPath,
    },
  });
  if (flags.quiet !== true) {
    const finishedRun = {
      total,
      durationMs,
      outputFolder: shown(outputFolder),
      resultsName: basename(resultsPath),
      verb: run.verb,
    };
    const list = failureList(failures, summary.failed, { resultsPath: shown(resultsPath), columns: stderr.columns });
    /* Only on a terminal, where the failures above may have scrolled away. */
    stderr.writeStyled((stderr.isTTY ? list : '') + summaryText(outcome, finishedRun, stderr.colors));
  }
  return stoppedByThreshold || summary.failed > 0 ? 1 : 0;
};
