/** The rows of a run through the engine and into the journal, and the journal to its final form. */
import { rm } from 'node:fs/promises';
import { exists } from '../../../io/files/exists.js';
import { isRefineError } from '../../../errors.js';
import { openEarlierResults } from '../../../run/results/earlier-results.js';
import { copyIfHardLinked } from '../../../run/results/copy-if-hard-linked.js';
import { openJournal } from '../../../run/results/journal.js';
import { openWrittenFiles } from '../../../run/results/written-files.js';
import { outputUnwritable } from '../../../run/results/output-error.js';
import { removeOutputs } from '../../../run/batch/remove-outputs.js';
import { saveInvalidLines } from '../../../run/results/save-invalid-lines.js';
import { settleResults } from '../../../run/results/settle-results.js';
import { writeRunState, type RunState } from '../../../run/results/run-state.js';
import { fileSystemTime } from '../../../run/batch/check-outputs.js';
import type { BatchEvent } from '../../../run/batch/events.js';
import { runBatch, type BatchOptions, type BatchOutcome } from '../../../run/batch/run-batch.js';
import { checkAppend, type RunStart } from '../check-before-run.js';
import { packageVersion } from '../package-version.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import type { Terminal } from '../progress/terminal.js';
import type { BatchRun } from './batch-run.js';

export interface ContinuedRun extends BatchRun {
  continuation: RunStart;
}

export interface BegunRun extends ContinuedRun {
  clearFolder: Required<BatchOptions>['clearFolder'];
}

const removeResults = (path: string): Promise<void> =>
  rm(path, { force: true }).catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });

interface Running {
  report: (event: BatchEvent) => void;
  /** Takes notes about the folder's results; null: no notes. */
  say: Pick<Terminal, 'write'> | null;
  signal: AbortSignal;
}

/** The rows through the engine and into the journal. */
export const refineInto = async (
  resultsPath: string,
  run: BegunRun,
  { report, say, signal }: Running,
): Promise<BatchOutcome> => {
  const { work, screening, outputFolder, errorThreshold, continuation, clearFolder } = run;
  const { usesEarlierResults: looksBack, knowsInputs, earlierInputs, unclaimed } = continuation;
  /* A model that does not open leaves an earlier run's results as they are, and no empty ones. */
  const info = await work.open(signal);
  const written = await openWrittenFiles(outputFolder, run.part, looksBack ? (run.state?.written ?? []) : []);
  const overwritesBefore = run.overwrites ? await fileSystemTime(outputFolder) : (run.state?.overwritesBefore ?? null);
  /** What the results are about to be. */
  let announced: Partial<Pick<RunState, 'settled'>> = {};
  const remember = (base: number, isFinished: boolean): Promise<void> =>
    writeRunState(outputFolder, run.part, {
      ...{ seed: run.runSeed, inputs: run.inputs, earlierInputs, base, isFinished, written: written.newest },
      ...announced,
      predictionsCsv: run.predictionsCsv ?? (looksBack ? (run.state?.predictionsCsv ?? null) : null),
      overwritesBefore: isFinished || !(looksBack || run.overwrites) ? null : overwritesBefore,
    });
  /* Killed after the results are gone, it goes on with what it may replace. */
  if (run.overwrites) await remember(0, false);
  await (looksBack ? copyIfHardLinked(resultsPath) : removeResults(resultsPath));
  const passedOver = createLimitedNotes(say, FOREIGN_LINES);
  const again = createLimitedNotes(say, ['row to redo', 'rows to redo']);
  const earlier = looksBack
    ? await openEarlierResults(resultsPath, (fault) => {
        passedOver.say(foreignLine(fault));
      })
    : null;
  passedOver.end();
  try {
    if (run.appends && earlier !== null) await checkAppend(run, info, { base: continuation.base, earlier }, signal);
    const journal = await openJournal(resultsPath);
    const base = continuation.base ?? journal.begin;
    try {
      await remember(base, false);
      const outcome = await runBatch({
        rows: run.rows(),
        work,
        journal,
        outputFolder,
        clearFolder,
        earlier,
        base,
        screening,
        retryFailed: run.retriesFailed,
        replaceable: continuation.replaceable,
        inUse: continuation.inUse,
        written,
        verifies: run.verifies,
        onRedo: (why) => {
          again.say(`${why}; its row is redone`);
        },
        errorThreshold,
        version: packageVersion(),
        signal,
        report,
      });
      again.end();
      const isWhole = run.isWhole && !outcome.stoppedByThreshold;
      /* Pictures first: what is left of them when this is broken off is still listed. */
      if (run.prunes) await removeOutputs(outputFolder, unclaimed, continuation.inUse);
      const dropped = new Set(run.prunes ? unclaimed : []);
      const settling = { base, begin: journal.begin, isWhole, knowsInputs };
      const aside = earlier?.hasFaults === true ? await saveInvalidLines(resultsPath, base, journal.begin) : null;
      if (aside !== null) say?.write(`Note: lines that are not results were moved to ${aside}\n`);
      const left = await settleResults(resultsPath, {
        ...settling,
        isDropped: (name) => dropped.has(name),
        beforeReplace: (settled) => {
          announced = { settled };
          return remember(base, false);
        },
      });
      await remember(left, isWhole);
      await written.close(true);
      return outcome;
    } catch (thrown) {
      /* A folder that is gone or another run's is left alone, and so is the note where the state cannot be written. */
      const isOurs = (!isRefineError(thrown) || thrown.code !== 'OUTPUT_LOCKED') && (await exists(outputFolder));
      const kept =
        isOurs &&
        (await remember(base, false).then(
          () => true,
          () => false,
        ));
      await written.close(kept);
      throw thrown;
    } finally {
      await journal.close();
    }
  } finally {
    await earlier?.close();
  }
};
