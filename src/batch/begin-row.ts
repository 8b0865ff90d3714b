/** A row's first stage: its input is read, and unless an earlier run finished the same work, decoded. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isRefineError, messageOf, RefineError } from '../errors.js';
import type { InvalidRow, ResultRecord, Row } from '../records.js';
import type { EarlierResults } from '../results/earlier-results.js';
import { exists } from './check-outputs.js';
import { readRowInput, type PreparedRow } from './prepare-row.js';
import { rowDigest } from './row-digest.js';

export interface ReadyRow {
  kind: 'ready';
  row: Row;
  digest: string;
  prepared: PreparedRow;
}

export interface FailedRow {
  kind: 'failed';
  row: Row | InvalidRow;
  /** null: the input could not be read. */
  digest: string | null;
  error: RefineError;
}

/** The same work was done before. */
export interface DoneRow {
  kind: 'done';
  result: ResultRecord;
}

export interface BeginOptions {
  outputFolder: string;
  modelDigest: string;
  /** Results of earlier runs in the same folder; null: nothing is taken over. */
  earlier: EarlierResults | null;
  /** Failed rows of earlier runs are done again. */
  retryFailed: boolean;
  signal: AbortSignal;
}

export const beginRow = async (
  row: Row | InvalidRow,
  options: BeginOptions,
): Promise<ReadyRow | FailedRow | DoneRow> => {
  if ('error' in row) {
    return { kind: 'failed', row, digest: null, error: new RefineError(row.error.code, row.error.message) };
  }
  const input = await orFailed({ row, digest: null }, async () => {
    await refuseOwnInput(row, options.outputFolder);
    return readRowInput(row, options.signal);
  });
  if ('kind' in input) return input;
  const digest = rowDigest(row, input.identity, options.modelDigest);
  const result = await findDone(row, digest, options);
  if (result !== null) return { kind: 'done', result };
  return orFailed({ row, digest }, async () => ({ kind: 'ready', row, digest, prepared: await input.prepare() }));
};

/** A run must never write over what it was given. @throws OUTPUT_IS_INPUT */
const refuseOwnInput = async ({ source, output }: Row, outputFolder: string): Promise<void> => {
  if (source.kind !== 'file' && source.kind !== 'latents') return;
  const place = (path: string): Promise<string> => realpath(path).catch(() => '');
  const [input, target] = await Promise.all([place(source.path), place(join(outputFolder, output))]);
  if (input === '' || input !== target) return;
  throw new RefineError(
    'OUTPUT_IS_INPUT',
    `The output would replace the row's own picture, ${source.path}. Give another --output-dir, or the row another output.`,
  );
};

/** What an earlier run did of the same work, told of this row. */
const findDone = async (row: Row, digest: string, options: BeginOptions): Promise<ResultRecord | null> => {
  const { earlier, retryFailed, outputFolder } = options;
  const result = (await earlier?.find(digest)) ?? null;
  if (result === null) return null;
  const stands = result.status === 'ok' ? await exists(join(outputFolder, row.output)) : !retryFailed;
  if (!stands) return null;
  const { rowNumberPerFile, inputName, id, extra, sourceText: image } = row;
  return { ...result, row_number_per_file: rowNumberPerFile, input_csv_name: inputName, id, image, extra };
};

/**
 * What `work` gives; a failure of the row becomes its outcome, and so does a failure nobody foresaw: one row's surprise
 * must not cost a night's run. What concerns all rows is thrown on.
 */
export const orFailed = async <T>(
  { row, digest }: Pick<FailedRow, 'row' | 'digest'>,
  work: () => Promise<T>,
): Promise<T | FailedRow> => {
  try {
    return await work();
  } catch (thrown) {
    const error = isRefineError(thrown) ? thrown : new RefineError('INTERNAL', messageOf(thrown), { cause: thrown });
    if (error.scope === 'row' || error.code === 'INTERNAL') return { kind: 'failed', row, digest, error };
    throw thrown;
  }
};
