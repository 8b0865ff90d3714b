/** Decides how a run treats an earlier run in its output folder: start over, resume, or append. Without a flag, no line is lost. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { listSome } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { isLineStart } from '../results/read-lines.js';
import type { RunState } from '../results/run-state.js';
import { refuseExisting } from './check-outputs.js';
import { haveSameItems, missingInputs, formatInputs } from './earlier-inputs.js';
import { findOtherShardings, refuseOtherSharding, type Division } from './other-shardings.js';
import { ALL, findReplaceable, NOTHING, type Replaceable } from './replaceable.js';
import type { Shard } from '../results/results-path.js';
import {
  findUnclaimed,
  invalidText,
  NONE_UNCLAIMED,
  otherRun,
  refusePruning,
  type RowsAndResults,
  type UnclaimedOutputs,
} from './unclaimed-outputs.js';

type Rows = AsyncIterable<Row | InvalidRow>;

export interface ContinueOptions extends Division, RowsAndResults {
  /** null: a whole run. */
  shard: Shard | null;
  /** State of the earlier run in the folder; null if there was none. */
  state: Partial<RunState> | null;
  /** As returned by `inputPlaces`. */
  inputs: readonly string[];
  /** Rows that run. */
  rows: () => Rows;
  overwrites: boolean;
  /** Whether finished rows of an earlier run are reused. */
  resumes: boolean;
  appends: boolean;
  /** Whether outputs of removed rows may be deleted. */
  prunes: boolean;
}

export interface Continuation {
  /** Size in bytes of the results that the run is appended to; null for the whole file. */
  base: number | null;
  /** Whether earlier results are reused; otherwise they are replaced. */
  usesEarlierResults: boolean;
  /** Inputs of the runs that this one is appended to. */
  earlierInputs: readonly string[];
  /** Whether an earlier run in the folder had all these inputs: then a retried row replaces its failed line. */
  knowsInputs: boolean;
  /** Outputs in earlier results that no current row writes. */
  unclaimed: UnclaimedOutputs;
  /** Results files of a run with another --shard; a new run leaves them. */
  otherResults: readonly string[];
  /** Outputs that may be replaced if they exist. */
  replaceable: Replaceable;
}

/** @throws OUTPUT_EXISTS OUTPUT_OTHER_RUN if an earlier run's files or lines would be replaced or lost */
export const continueRun = async (options: ContinueOptions): Promise<Continuation> => {
  const { outputFolder, resultsPath, state, inputs, rows, resumes, appends, overwrites } = options;
  const none = { earlierInputs: [], knowsInputs: false, unclaimed: NONE_UNCLAIMED, otherResults: [] };
  const freshRun = { ...none, base: 0, usesEarlierResults: false, replaceable: NOTHING };
  if (overwrites) {
    const unclaimed = await findUnclaimed(options, 0);
    if (options.prunes) refusePruning(unclaimed, outputFolder);
    return { ...freshRun, unclaimed, otherResults: await findOtherShardings(options), replaceable: ALL };
  }
  const size = await stat(resultsPath).then(
    (stats) => stats.size,
    () => 0,
  );
  if (resumes || appends) await refuseOtherSharding(options, { isBegun: size > 0, flag: flagOf(options) });
  if (appends && size > 0) return appendTo(options, size);
  /* An append that stopped before its first line starts over. */
  const isBegunAppend = appends && state?.isFinished === false && haveSameItems(state.inputs ?? [], inputs);
  if (!resumes && !isBegunAppend) {
    await refuseExisting(outputFolder, [basename(resultsPath)], rows());
    return freshRun;
  }
  const unclaimed = await checkResume(options);
  const replaceable = await findReplaceable({ ...options, rows: rows(), continues: true, flag: flagOf(options) });
  return { ...freshRun, usesEarlierResults: true, unclaimed, replaceable };
};

const flagOf = ({ resumes }: ContinueOptions): '--resume' | '--append' => (resumes ? '--resume' : '--append');

/** @returns outputs of removed rows @throws OUTPUT_OTHER_RUN */
const checkResume = async (options: ContinueOptions): Promise<UnclaimedOutputs> => {
  const { outputFolder, state, inputs, prunes, resultsPath } = options;
  if (!prunes) {
    const missing = await missingInputs([...(state?.earlierInputs ?? []), ...(state?.inputs ?? [])], inputs);
    if (missing.length > 0) {
      throw otherRun(
        outputFolder,
        `Expected --resume to have the inputs of the earlier run, found results of ${formatInputs(missing)} in ${outputFolder}, which ${missing.length === 1 ? 'is' : 'are'} not among the inputs of this run (${formatInputs(inputs)}). ` +
          'To add rows, give --append. To continue that run, give its inputs too. To keep the results of these inputs only, give --resume --prune, which removes the other lines and pictures.',
      );
    }
  }
  const unclaimed = await findUnclaimed(options, 0);
  const { names, invalid } = unclaimed;
  if (prunes) refusePruning(unclaimed, outputFolder);
  else if (names.length > 0) {
    const isSingle = names.length === 1;
    throw otherRun(
      outputFolder,
      `Expected a row for every result, found ${listSome(names)} in ${resultsPath}, which no row of the inputs writes: --resume would drop ${isSingle ? 'its line, but not its picture' : 'their lines, but not their pictures'}. ` +
        (invalid.count > 0
          ? `${invalidText(invalid)}. Correct ${invalid.count === 1 ? 'it' : 'them'}, and run again.`
          : `Give --append to keep ${isSingle ? 'it' : 'them'} and add the new rows, --resume --prune to remove ${isSingle ? 'it' : 'them'}, or restore the rows.`),
    );
  }
  return unclaimed;
};

/** Appends to the existing results, or continues an interrupted append from its start. */
const appendTo = async (options: ContinueOptions, size: number): Promise<Continuation> => {
  const { state, inputs, rows, resumes } = options;
  const { settled, isFinished = true, inputs: lastInputs = [], earlierInputs = [] } = state ?? {};
  /* If the run was killed after it settled the results, the state's base is outdated. */
  const base = (settled?.size === size ? settled.base : state?.base) ?? size;
  const isSame = haveSameItems(lastInputs, inputs);
  const continues =
    isSame &&
    (!isFinished || resumes) &&
    base <= size &&
    (await isLineStart(options.resultsPath, base)) &&
    (await findUnclaimed(options, base)).names.length === 0;
  const isUnfinished = isSame && !isFinished;
  const replaceable = await findReplaceable({ ...options, rows: rows(), continues: isUnfinished, flag: '--append' });
  const allInputs = [...new Set([...earlierInputs, ...lastInputs])];
  const inputsBefore = continues ? earlierInputs : allInputs;
  return {
    base: continues ? base : null,
    usesEarlierResults: true,
    earlierInputs: inputsBefore,
    /* A continued append has the earlier inputs that it began with. */
    knowsInputs: inputs.every((place) => inputsBefore.includes(place)),
    unclaimed: NONE_UNCLAIMED,
    otherResults: [],
    replaceable,
  };
};
