/** Outputs in earlier results that no row of the inputs writes: of removed rows, or of rows that are invalid now. */
import { RefineError } from '../../errors.js';
import { exists } from '../../io/files/exists.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { foldName } from '../manifest/rows/output-name.js';
import { createNameSet, listedOutputs } from '../results/listed-outputs.js';
import { outputsOf } from './check-outputs.js';

export interface RowsAndResults {
  resultsPath: string;
  /** All rows of the inputs, even if only a part runs. */
  allRows: () => AsyncIterable<Row | InvalidRow>;
}

export interface UnclaimedOutputs {
  names: readonly string[];
  /** Those of them that some file systems take for the name of a row's output: they differ in letter case or Unicode form. */
  namesakes: ReadonlySet<string>;
  /** Invalid rows of the inputs, which have no output. */
  invalid: { count: number; first: InvalidRow | null };
}

export const NONE_UNCLAIMED: UnclaimedOutputs = {
  names: [],
  namesakes: new Set(),
  invalid: { count: 0, first: null },
};

/** @param start byte offset of the first line that counts */
export const findUnclaimed = async (
  { resultsPath, allRows }: RowsAndResults,
  start: number,
): Promise<UnclaimedOutputs> => {
  const invalid: UnclaimedOutputs['invalid'] = { count: 0, first: null };
  if (!(await exists(resultsPath))) return NONE_UNCLAIMED;
  const claimed = createNameSet();
  for await (const row of allRows()) {
    if ('error' in row) {
      invalid.count++;
      invalid.first ??= row;
    } else for (const name of outputsOf(row)) claimed.add(name);
  }
  const names = new Set<string>();
  for await (const name of listedOutputs(resultsPath, start)) if (!claimed.has(name)) names.add(name);
  return { names: [...names], namesakes: await findNamesakes(names, allRows()), invalid };
};

const findNamesakes = async (
  names: ReadonlySet<string>,
  rows: ReturnType<RowsAndResults['allRows']>,
): Promise<Set<string>> => {
  const byFold = new Map<string, string[]>();
  for (const name of names) byFold.set(foldName(name), [...(byFold.get(foldName(name)) ?? []), name]);
  const namesakes = new Set<string>();
  if (names.size === 0) return namesakes;
  for await (const row of rows) {
    if ('error' in row) continue;
    for (const output of outputsOf(row)) for (const name of byFold.get(foldName(output)) ?? []) namesakes.add(name);
  }
  return namesakes;
};

/** `2 rows of the inputs are invalid (the first: … (m.jsonl, line 3))`, without a full stop: the row's message ends with its place. */
export const invalidText = ({ count, first }: UnclaimedOutputs['invalid']): string => {
  const why = first?.error.message.replace(/\.$/, '') ?? '';
  return count === 1
    ? `A row of the inputs is invalid (${why})`
    : `${count} rows of the inputs are invalid (the first: ${why})`;
};

/** An invalid row may be the one that wrote a picture. @throws OUTPUT_OTHER_RUN */
export const refusePruning = ({ names, invalid }: UnclaimedOutputs, folder: string): void => {
  if (names.length === 0 || invalid.count === 0) return;
  const [it, its] = invalid.count === 1 ? ['it', 'its picture'] : ['them', 'their pictures'];
  throw otherRun(
    folder,
    `Expected valid rows with --prune, which removes pictures that no row writes. ${invalidText(invalid)}: ${its} might be removed. Correct ${it}, take ${it} out of the inputs, or run without --prune.`,
  );
};

export const otherRun = (folder: string, message: string): RefineError =>
  new RefineError('OUTPUT_OTHER_RUN', message, { context: { folder } });
