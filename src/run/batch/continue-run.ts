/** Decides how a run treats an earlier run in its output folder: start over, resume, or append. Without a flag, no line is lost. */
import { readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { listSome, RefineError } from '../../errors.js';
import { foldName } from '../manifest/rows/output-name.js';
import type { InvalidRow, Row } from '../../records/row.js';
import type { EarlierResults } from '../results/earlier-results.js';
import { createNameSet, listedOutputs, type NameSet } from '../results/listed-outputs.js';
import { isLineStart } from '../results/read-lines.js';
import type { RunState } from '../results/run-state.js';
import { digestOf, type BeginOptions } from './begin-row.js';
import { outputsOf, refuseExisting } from './check-outputs.js';
import { exists } from '../../io/files/exists.js';
import { haveSameItems, missingInputs, formatInputs } from './earlier-inputs.js';
import { readRowInput } from './prepare-row.js';
import { ALL, findReplaceable, NOTHING, type Replaceable } from './replaceable.js';

type Rows = AsyncIterable<Row | InvalidRow>;

export interface ContinueOptions {
  outputFolder: string;
  resultsPath: string;
  /** State of the earlier run in the folder; null if there was none. */
  state: Partial<RunState> | null;
  /** The run's part, '' for a whole run. */
  part: string;
  /** As returned by `inputPlaces`. */
  inputs: readonly string[];
  /** Rows that run. */
  rows: () => Rows;
  /** All rows of the inputs, even if only a part runs. */
  allRows: () => Rows;
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
  unclaimed: readonly string[];
  /** Results files of a run with another --shard; a new run leaves them. */
  otherResults: readonly string[];
  /** Outputs that may be replaced if they exist. */
  replaceable: Replaceable;
}

/** @throws OUTPUT_EXISTS OUTPUT_OTHER_RUN if an earlier run's files or lines would be replaced or lost */
export const continueRun = async (options: ContinueOptions): Promise<Continuation> => {
  const { outputFolder, resultsPath, state, inputs, rows, resumes, appends, overwrites } = options;
  const none = { earlierInputs: [], knowsInputs: false, unclaimed: [], otherResults: [] };
  const freshRun = { ...none, base: 0, usesEarlierResults: false, replaceable: NOTHING };
  if (overwrites) {
    const [unclaimed, otherResults] = [await findUnclaimed(options, 0), await findOtherShardings(options)];
    return { ...freshRun, unclaimed, otherResults, replaceable: ALL };
  }
  const size = await stat(resultsPath).then(
    (stats) => stats.size,
    () => 0,
  );
  if (appends && size > 0) return appendTo(options, size);
  /* An append that stopped before its first line starts over. */
  const isBegunAppend = appends && state?.isFinished === false && haveSameItems(state.inputs ?? [], inputs);
  if (!resumes && !isBegunAppend) {
    await refuseExisting(outputFolder, [basename(resultsPath)], rows());
    return freshRun;
  }
  if (size === 0) await refuseOtherSharding(options);
  const unclaimed = await checkResume(options);
  const replaceable = await findReplaceable({ ...options, rows: rows(), continues: true, flag: flagOf(options) });
  return { ...freshRun, usesEarlierResults: true, unclaimed, replaceable };
};

const flagOf = ({ resumes }: ContinueOptions): '--resume' | '--append' => (resumes ? '--resume' : '--append');

/** @returns outputs of removed rows */
const checkResume = async (options: ContinueOptions): Promise<string[]> => {
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
  if (unclaimed.length > 0 && !prunes) {
    const isSingle = unclaimed.length === 1;
    throw otherRun(
      outputFolder,
      `Expected a row for every result, found ${listSome(unclaimed)} in ${resultsPath}, which no row of the inputs writes: --resume would drop ${isSingle ? 'its line, but not its picture' : 'their lines, but not their pictures'}. ` +
        `Give --append to keep ${isSingle ? 'it' : 'them'} and add the new rows, --resume --prune to remove ${isSingle ? 'it' : 'them'}, or restore the rows.`,
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
    (await findUnclaimed(options, base)).length === 0;
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
    unclaimed: [],
    otherResults: [],
    replaceable,
  };
};

const readListedNames = async (resultsPath: string, end?: number): Promise<NameSet> => {
  const names = createNameSet();
  for await (const name of listedOutputs(resultsPath, 0, end)) names.add(foldName(name));
  return names;
};

export interface ReplacingOptions extends Pick<BeginOptions, 'modelDigest' | 'loraDigests' | 'screening' | 'signal'> {
  resultsPath: string;
  outputFolder: string;
  /** As in `Continuation`. */
  base: number | null;
  earlier: EarlierResults;
}

/**
 * An appended run replaces nothing: a row may have the output of an earlier row only if their digests are equal.
 * Reads the inputs of rows whose output is listed.
 * @throws OUTPUT_EXISTS
 */
export const refuseReplacing = async (rows: Rows, options: ReplacingOptions): Promise<void> => {
  const { resultsPath, outputFolder, base, earlier, signal } = options;
  const listed = await readListedNames(resultsPath, base ?? Infinity);
  const conflicts: string[] = [];
  for await (const row of rows) {
    signal.throwIfAborted();
    if ('error' in row || !outputsOf(row).some((name) => listed.has(foldName(name)))) continue;
    /* A picture that cannot be read fails its row, and a failed row replaces nothing. */
    const input = await readRowInput(row, signal).catch(() => null);
    if (input === null) continue;
    const done = await earlier.find(digestOf(row, input.identity, options));
    if (done === null) conflicts.push(row.output);
  }
  if (conflicts.length === 0) return;
  throw new RefineError(
    'OUTPUT_EXISTS',
    `Expected --append to add new outputs, found ${listSome(conflicts)} in ${outputFolder}, made from other pictures or settings: --append replaces nothing. ` +
      'Choose other names for the rows (key output), or another --output-dir. To process rows again whose settings changed, give --resume and all inputs of the folder.',
    { context: { folder: outputFolder, count: conflicts.length } },
  );
};

/** Outputs in the results from byte `start` that no row of the inputs writes. */
const findUnclaimed = async ({ resultsPath, allRows }: ContinueOptions, start: number): Promise<string[]> => {
  if (!(await exists(resultsPath))) return [];
  const claimed = createNameSet();
  for await (const row of allRows()) if (!('error' in row)) for (const name of outputsOf(row)) claimed.add(name);
  const unclaimed = new Set<string>();
  for await (const name of listedOutputs(resultsPath, start)) if (!claimed.has(name)) unclaimed.add(name);
  return [...unclaimed];
};

/** Shards of another count have other rows, so a run only resumes results of the same --shard. */
const refuseOtherSharding = async (options: ContinueOptions): Promise<void> => {
  const { outputFolder } = options;
  const others = await findOtherShardings(options);
  if (others.length === 0) return;
  throw otherRun(
    outputFolder,
    `Expected --resume to have the --shard of the earlier run, found ${listSome(others)} in ${outputFolder}, from a run with another --shard. Give the same --shard, or choose another --output-dir.`,
  );
};

const RESULTS = /^results(?:-\d+(-of-\d+))?\.jsonl$/;

const findOtherShardings = async ({ outputFolder, resultsPath }: ContinueOptions): Promise<string[]> => {
  const own = RESULTS.exec(basename(resultsPath))?.[1];
  return (await readdir(outputFolder)).filter((name) => RESULTS.test(name) && RESULTS.exec(name)?.[1] !== own);
};

const otherRun = (folder: string, message: string): RefineError =>
  new RefineError('OUTPUT_OTHER_RUN', message, { context: { folder } });
