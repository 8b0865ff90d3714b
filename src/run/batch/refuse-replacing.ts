/** Refuses appended rows that would replace outputs of other rows. */
import { listSome, RefineError } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';
import { foldName } from '../manifest/rows/output-name.js';
import type { EarlierResults } from '../results/earlier-results.js';
import { createNameSet, listedOutputs, type NameSet } from '../results/listed-outputs.js';
import { digestOf, type BeginOptions } from './begin-row.js';
import { outputsOf } from './check-outputs.js';
import { readRowInput } from './prepare-row.js';

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
 * An appended run replaces nothing: a row may have the output of an earlier row only if the newest line of that output has its digest.
 * Reads the inputs of rows whose output is listed.
 * @throws OUTPUT_EXISTS
 */
export const refuseReplacing = async (
  rows: AsyncIterable<Row | InvalidRow>,
  options: ReplacingOptions,
): Promise<void> => {
  const { resultsPath, outputFolder, base, earlier, signal } = options;
  const listed = await readListedNames(resultsPath, base ?? Infinity);
  const conflicts: string[] = [];
  for await (const row of rows) {
    signal.throwIfAborted();
    if ('error' in row) continue;
    const names = outputsOf(row).filter((name) => listed.has(foldName(name)));
    if (names.length === 0) continue;
    /* A picture that cannot be read fails its row, and a failed row replaces nothing. */
    const input = await readRowInput(row, signal).catch(() => null);
    if (input === null) continue;
    const digest = digestOf(row, input.identity, options);
    /* The line of the picture decides: a failure may have the row's digest while the picture is of other settings. */
    const found = await Promise.all(names.map((name) => earlier.findOutput(name)));
    if (found.some((line) => line?.record.digest !== digest)) conflicts.push(row.output);
  }
  if (conflicts.length === 0) return;
  throw new RefineError(
    'OUTPUT_EXISTS',
    `Expected --append to add new outputs, found ${listSome(conflicts)} in ${outputFolder}, made from other pictures or settings: --append replaces nothing. ` +
      'Choose other names for the rows (key output), or another --output-dir. To process rows again whose settings changed, give --resume and all inputs of the folder.',
    { context: { folder: outputFolder, count: conflicts.length } },
  );
};
