/** Runs the rows, appends their results to the journal, and brings the journal to its final form. */
import { rm } from 'node:fs/promises';
import { exists } from '../../../io/files/exists.js';
import { isRefineError, RefineError } from '../../../errors.js';
import { openEarlierResults } from '../../../run/results/earlier-results.js';
import { copyIfHardLinked } from '../../../run/results/copy-if-hard-linked.js';
import { openJournal, type Journal } from '../../../run/results/journal.js';
import type { RemoteOutput } from '../../../run/results/remote/remote-output.js';
import { removeObjects, type RemoteOutputs } from '../../../run/batch/remote-outputs.js';
import { openWrittenFiles } from '../../../run/results/written-files.js';
import { outputUnwritable } from '../../../run/results/output-error.js';
import { removeOutputs } from '../../../run/batch/remove-outputs.js';
import { saveInvalidLines } from '../../../run/results/save-invalid-lines.js';
import { settleResults } from '../../../run/results/settle-results.js';
import { writeRunState, type RunState } from '../../../run/results/run-state.js';
import { takeMoved, type MovedRows } from '../../../run/batch/moved-rows.js';
import { fileSystemTime } from '../../../run/batch/check-outputs.js';
import { formatInputs } from '../../../run/batch/earlier-inputs.js';
import type { BatchEvent } from '../../../run/batch/events.js';
import { runBatch, type BatchOptions, type BatchOutcome } from '../../../run/batch/run-batch.js';
import { checkAppend, type RunStart } from '../check-before-run.js';
import { packageVersion } from '../package-version.js';
import { createLimitedNotes, FOREIGN_LINES, foreignLine } from '../progress/limited-notes.js';
import { count } from '../progress/summary-text.js';
import type { Terminal } from '../progress/terminal.js';
import type { BatchRun } from './run-kind.js';

export interface ContinuedRun extends BatchRun {
  continuation: RunStart;
}

export interface BegunRun extends ContinuedRun {
  clearFolder: Required<BatchOptions>['clearFolder'];
  /** Outputs in object storage; null: in a folder. */
  outputs: RemoteOutputs | null;
}

/** Lines go to object storage in parts, some seconds after they are in the working folder. */
const uploading = (journal: Journal, remote: RemoteOutput | null): Journal =>
  remote === null
    ? journal
    : {
        begin: journal.begin,
        append: async (record, options) => {
          await journal.append(record, options);
          await remote.journal.appended();
        },
        close: () => journal.close(),
      };

const removeResults = (path: string): Promise<void> =>
  rm(path, { force: true }).catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });

const keptText = (kept: number): string =>
  `Note: ${count(kept, 'failed row')} ${kept === 1 ? 'was' : 'were'} finished by an earlier run; ${kept === 1 ? 'its result and picture stay' : 'their results and pictures stay'}\n`;

const movedText = ({ left, awaited }: MovedRows): string =>
  (left > 0 ? `Note: lines of ${count(left, 'file')} were removed: other shards have their rows now\n` : '') +
  (awaited > 0
    ? `Note: lines of ${count(awaited, 'file')} stay until other shards, which have their rows now, list them: run those, then this one again with --resume, then merge\n`
    : '');

/** Each reading of the inputs must give the same rows; files may be rewritten in place. */
const inputsChanged = ({ inputs, total, appends }: BatchRun, rows: number): RefineError =>
  new RefineError(
    'MANIFEST_UNREADABLE',
    `Expected ${formatInputs(inputs)} to stay as when the run began, found ${count(rows, 'row')} instead of ${total.rows}: another program wrote there during the run. Finished rows are kept, also those that are missing now. Once the input is complete, run again with ${appends ? '--append' : '--resume'}.`,
    { context: { rows, expected: total.rows } },
  );

interface RunCallbacks {
  report: (event: BatchEvent) => void;
  /** Stream for notes about the folder's results; null: no notes. */
  notes: Pick<Terminal, 'write'> | null;
  signal: AbortSignal;
}

/** Call with the output folder locked. Also saves the run state, so that a later run can continue this one. */
export const refineInto = async (
  resultsPath: string,
  run: BegunRun,
  { report, notes, signal }: RunCallbacks,
): Promise<BatchOutcome> => {
  const { work, screening, outputFolder, errorThreshold, continuation, clearFolder, remote, outputs } = run;
  const { usesEarlierResults, knowsInputs, earlierInputs, unclaimed } = continuation;
  /* Before any write: a model that does not open must not change an earlier run's results. */
  const info = await work.open(signal);
  const written = await openWrittenFiles(outputFolder, run.part, usesEarlierResults ? (run.state?.written ?? []) : []);
  const overwritesBefore = run.overwrites ? await fileSystemTime(outputFolder) : (run.state?.overwritesBefore ?? null);
  /** Digest of the results that are about to replace the journal. */
  let announced: Partial<Pick<RunState, 'settled'>> = {};
  const saveState = async (base: number, isFinished: boolean): Promise<void> => {
    await writeRunState(outputFolder, run.part, {
      ...{ seed: run.runSeed, inputs: run.inputs, earlierInputs, base, isFinished, written: written.newest },
      ...announced,
      predictionsCsv: run.predictionsCsv ?? (usesEarlierResults ? (run.state?.predictionsCsv ?? null) : null),
      overwritesBefore: isFinished || !(usesEarlierResults || run.overwrites) ? null : overwritesBefore,
    });
    await remote?.saveState();
  };
  /* So that a run killed after its results are removed still knows what it may replace. */
  if (run.overwrites) await saveState(0, false);
  await (usesEarlierResults ? copyIfHardLinked(resultsPath) : removeResults(resultsPath));
  if (!usesEarlierResults) await remote?.journal.reset();
  const invalidLineNotes = createLimitedNotes(notes, FOREIGN_LINES);
  const redoNotes = createLimitedNotes(notes, ['row to redo', 'rows to redo']);
  const unlistedNotes = createLimitedNotes(notes, ['file of a blocked row', 'files of blocked rows']);
  const earlier = usesEarlierResults
    ? await openEarlierResults(resultsPath, {
        /* Appended lines leave those before them. */
        from: continuation.base ?? Infinity,
        onInvalidLine: (fault) => {
          invalidLineNotes.say(foreignLine(fault));
        },
      })
    : null;
  invalidLineNotes.end();
  try {
    if (run.appends && earlier !== null) await checkAppend(run, info, { base: continuation.base, earlier }, signal);
    const journal = uploading(await openJournal(resultsPath), remote);
    const base = continuation.base ?? journal.begin;
    try {
      await saveState(base, false);
      let rows = 0;
      const counted = async function* (): ReturnType<typeof run.rows> {
        for await (const row of run.rows()) {
          rows++;
          yield row;
        }
      };
      const outcome = await runBatch({
        rows: counted(),
        work,
        journal,
        outputFolder,
        clearFolder,
        ...(outputs === null ? {} : { remote: outputs }),
        earlier,
        base,
        screening,
        retryFailed: run.retriesFailed,
        replaceable: continuation.replaceable,
        inUse: continuation.inUse,
        written,
        verifies: run.verifies,
        onRedo: (why) => {
          redoNotes.say(`${why}; its row is redone`);
        },
        onUnlisted: (name) => {
          unlistedNotes.say(
            `${name} of an earlier run stays, but the results list it no longer: its row is blocked now`,
          );
        },
        errorThreshold,
        version: packageVersion(),
        signal,
        report,
      });
      redoNotes.end();
      unlistedNotes.end();
      if (outcome.kept > 0) notes?.write(keptText(outcome.kept));
      const hasChanged = !outcome.stoppedByThreshold && rows !== run.total.rows;
      const isWhole = run.isWhole && !outcome.stoppedByThreshold && !hasChanged;
      /* Rows that the inputs lack for a moment are not removed rows. */
      const pruned = run.prunes && !hasChanged ? unclaimed.names : [];
      /* Pictures before results: if this is interrupted, the results still list the remaining pictures. */
      await remote?.journal.flush();
      if (outputs !== null) await removeObjects(outputs, pruned);
      else if (pruned.length > 0) await removeOutputs(outputFolder, pruned, { ...continuation, ...unclaimed });
      const dropped = new Set(pruned);
      for (const name of pruned) earlier?.take(name);
      /* In object storage, a shard cannot replace the picture of another. */
      if (run.shard !== null && remote === null && earlier !== null && isWhole) {
        const moved = await takeMoved(run.allRows, { shard: run.shard, outputFolder, earlier });
        if (moved.left + moved.awaited > 0) notes?.write(movedText(moved));
      }
      const savedLines = earlier?.hasFaults === true ? await saveInvalidLines(resultsPath, base, journal.begin) : null;
      if (savedLines !== null) notes?.write(`Note: lines that are not results were moved to ${savedLines}\n`);
      const newBase = await settleResults(resultsPath, {
        ...{ base, begin: journal.begin, knowsInputs },
        /* Nothing else removes the line of a picture, whatever the inputs have become since they were checked. */
        isWhole: isWhole && (earlier?.untaken ?? 0) === 0,
        isDropped: (name) => dropped.has(name),
        beforeReplace: (settled) => {
          announced = { settled };
          return saveState(base, false);
        },
      });
      await remote?.journal.settle();
      await saveState(newBase, isWhole);
      await written.close(true, isWhole);
      if (hasChanged) throw inputsChanged(run, rows);
      return outcome;
    } catch (thrown) {
      /* If the store is away, the rows of the last seconds run again. */
      await remote?.journal.flush().catch(() => undefined);
      /* Saves the state, unless the folder is gone or belongs to another run. */
      const isOurs = (!isRefineError(thrown) || thrown.code !== 'OUTPUT_LOCKED') && (await exists(outputFolder));
      const isSaved =
        isOurs &&
        (await saveState(base, false).then(
          () => true,
          () => false,
        ));
      await written.close(isSaved, false);
      throw thrown;
    } finally {
      await journal.close();
    }
  } finally {
    await earlier?.close();
  }
};
