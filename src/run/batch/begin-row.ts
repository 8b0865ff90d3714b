/** A row's first stage: its input is read, and unless an earlier run finished the same work, screened and decoded. */
import { join } from 'node:path';
import { isRefineError, messageOf, RefineError, type ErrorCode } from '../../errors.js';
import { fileIdentity } from '../../io/files/file-identity.js';
import type { InvalidRow, Row } from '../../records/row.js';
import type { ResultRecord, SafetyCheck } from '../../records/result.js';
import type { EarlierResults } from '../results/earlier-results.js';
import { isBlocked, type Screening } from '../safety/screening.js';
import { outputsOf } from './check-outputs.js';
import { NONE_IN_USE, type FilesInUse } from './files-in-use.js';
import { findOutputFault } from './verify-output.js';
import { refuseObstacle } from './output-obstacles.js';
import { readRowInput, type PreparedRow, type RowInput } from './prepare-row.js';
import { rowDigest } from './row-digest.js';

export interface ReadyRow {
  kind: 'ready';
  row: Row;
  digest: string;
  /** Of prompt and picture. */
  checks: readonly SafetyCheck[];
  prepared: PreparedRow;
}

/** It may run. */
export interface PassedRow extends Pick<ReadyRow, 'row' | 'digest' | 'checks'> {
  kind: 'passed';
  input: RowInput;
}

/** Content safety has refused its prompt or its picture. */
export interface BlockedRow extends Pick<ReadyRow, 'row' | 'digest' | 'checks'> {
  kind: 'blocked';
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
  row: Row;
  result: ResultRecord;
  /** Its line stands where it is, in the run that this one is appended to. */
  isListed: boolean;
}

export interface BeginOptions {
  outputFolder: string;
  modelDigest: string;
  /** Of LoRAs that rows name, by their names: they are part of those rows' digests alone. */
  loraDigests?: Readonly<Record<string, string>>;
  /** Results of earlier runs in the same folder; null: nothing is taken over. */
  earlier: EarlierResults | null;
  /** Bytes of the results that this run is appended to. */
  base: number;
  /** Failed rows of earlier runs are done again. */
  retryFailed: boolean;
  /** As of `BatchOptions`. */
  verifies?: boolean;
  onRedo?: (why: string) => void;
  /** Files that the run reads and that outputs would replace; absent: none. */
  inUse?: FilesInUse;
  screening: Screening;
  signal: AbortSignal;
}

export const beginRow = async (
  row: Row | InvalidRow,
  options: BeginOptions,
): Promise<PassedRow | BlockedRow | FailedRow | DoneRow> => {
  if ('error' in row) {
    return { kind: 'failed', row, digest: null, error: new RefineError(row.error.code, row.error.message) };
  }
  const input = await failRowOnError({ row, digest: null }, async () => {
    await refuseOwnInput(row, options.outputFolder);
    return readRowInput(row, options.signal);
  });
  if ('kind' in input) return input;
  const { screening, signal } = options;
  /* What was done unscreened, or screened otherwise, is another work. */
  const digest = digestOf(row, input.identity, options);
  const done = await findFinished(row, digest, options);
  if (done !== null) return done;
  /* Its digest is of no use: the row is to be tried again once it has another output. */
  const refused = await failRowOnError({ row, digest: null }, () => refuseInUse(row, options));
  if (refused !== undefined) return refused;
  const obstructed = await failRowOnError({ row, digest }, () => refuseObstacle(options.outputFolder, outputsOf(row)));
  if (obstructed !== undefined) return obstructed;
  return failRowOnError({ row, digest }, async () => {
    const picture = screening.service === null ? null : ((await input.picture?.()) ?? null);
    const checks = await screening.before(row, picture, signal);
    return isBlocked(checks)
      ? { kind: 'blocked', row, digest, checks }
      : { kind: 'passed', row, digest, checks, input };
  });
};

/** What decides a row's output: its own digest, over the model's, the screening's and its LoRAs'. */
export const digestOf = (
  row: Row,
  input: Uint8Array | string,
  options: Pick<BeginOptions, 'modelDigest' | 'loraDigests' | 'screening'>,
): string => rowDigest(row, input, options.modelDigest + options.screening.identity + loraDigestText(row, options));

/** What tells the files of the LoRAs apart that a row named. */
const loraDigestText = (
  { settings, generation }: Row,
  { loraDigests = {} }: Pick<BeginOptions, 'loraDigests'>,
): string => {
  const names = Object.keys({ ...settings.loraWeights, ...generation?.refiner?.loraWeights });
  return names.flatMap((name) => (name in loraDigests ? [` ${loraDigests[name]}`] : [])).join('');
};

/** A row's second stage. Decoded pictures are large: fewer rows are here at a time than wait for verdicts. */
export const decodeRow = ({ input, ...row }: PassedRow): Promise<ReadyRow | FailedRow> =>
  failRowOnError(row, async () => ({ ...row, kind: 'ready', prepared: await input.prepare() }));

/** A run must never write over what it was given. @throws OUTPUT_IS_INPUT */
const refuseOwnInput = async ({ source, output }: Row, outputFolder: string): Promise<void> => {
  if (source.kind !== 'file' && source.kind !== 'latents') return;
  const [input, target] = await Promise.all([source.path, join(outputFolder, output)].map(fileIdentity));
  if (input === null || input !== target) return;
  throw new RefineError(
    'OUTPUT_IS_INPUT',
    `Expected an output that replaces no input, got ${output}, which is the row's own picture ${source.path}. Choose another --output-dir, or another output for the row.`,
  );
};

/** Nor over what another of its rows was given, or what it reads besides. @throws OUTPUT_IS_INPUT */
const refuseInUse = async (
  row: Row,
  { outputFolder, inUse = NONE_IN_USE }: Pick<BeginOptions, 'outputFolder' | 'inUse'>,
): Promise<void> => {
  if (inUse.size === 0) return;
  for (const name of outputsOf(row)) {
    const path = inUse.get((await fileIdentity(join(outputFolder, name))) ?? '');
    if (path === undefined) continue;
    throw new RefineError(
      'OUTPUT_IS_INPUT',
      `Expected an output that replaces no input, got ${name}, which is ${path}, a file that this run reads. Choose another --output-dir, or another output for the row.`,
    );
  }
};

const RETRIED_ERRORS: readonly (ErrorCode | undefined)[] = ['OUTPUT_OBSTRUCTED', 'OUTPUT_TAKEN'];

/** What an earlier run did of the same work, told of this row. */
const findFinished = async (row: Row, digest: string, options: BeginOptions): Promise<DoneRow | null> => {
  const { earlier, base, retryFailed } = options;
  const found = (await earlier?.find(digest)) ?? null;
  if (found === null) return null;
  const { record: result, offset } = found;
  /* A blocked row is finished: the same row would be blocked again. */
  if (result.status === 'ok') {
    const fault = await findOutputFault(row, result, options);
    if (fault !== null) {
      options.onRedo?.(fault);
      return null;
    }
  } else if (result.status !== 'blocked' && (retryFailed || RETRIED_ERRORS.includes(result.error?.code))) {
    /* What was in the way then may be gone by now. */
    return null;
  }
  const { rowNumberPerFile, inputName, id, extra, sourceText: image } = row;
  /* A line that this run is appended to stays as it is; only failures give way to a newer line. */
  if (offset < base && result.status === 'ok') return { kind: 'done', row, result, isListed: true };
  const resultForRow = {
    ...result,
    row_number_per_file: rowNumberPerFile,
    input_csv_name: inputName,
    id,
    image,
    extra,
  };
  return { kind: 'done', row, result: resultForRow, isListed: false };
};

/**
 * What `work` gives; a failure of the row becomes its outcome, and so does a failure nobody foresaw: one row's surprise
 * must not cost a night's run. What concerns all rows is thrown on.
 */
export const failRowOnError = async <T>(
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
