/** The first stages of a row: reads its input, then screens and decodes it unless an earlier run finished it. */
import { isRefineError, messageOf, RefineError, type ErrorCode } from '../../errors.js';
import type { InvalidRow, Row } from '../../records/row.js';
import type { ResultRecord, SafetyCheck } from '../../records/result.js';
import type { EarlierResults } from '../results/earlier-results.js';
import type { WrittenFiles } from '../results/written-files.js';
import { isBlocked, type Screening } from '../safety/screening.js';
import { outputsOf } from './check-outputs.js';
import type { FilesInUse } from './files-in-use.js';
import { findOutputFault } from './verify-output.js';
import { refuseObstacle } from './output-obstacles.js';
import { refuseInUse, refuseOwnInput } from './refuse-inputs.js';
import { refuseObjects, type RemoteOutputs } from './remote-outputs.js';
import { readRowInput, type PreparedRow, type RowInput } from './prepare-row.js';
import { rowDigest } from './row-digest.js';

export interface ReadyRow {
  kind: 'ready';
  row: Row;
  digest: string;
  /** Verdicts on prompt and picture. */
  checks: readonly SafetyCheck[];
  prepared: PreparedRow;
}

/** A row that passed screening. */
export interface PassedRow extends Pick<ReadyRow, 'row' | 'digest' | 'checks'> {
  kind: 'passed';
  input: RowInput;
}

/** A row whose prompt or picture content safety blocked. */
export interface BlockedRow extends Pick<ReadyRow, 'row' | 'digest' | 'checks'> {
  kind: 'blocked';
}

export interface FailedRow {
  kind: 'failed';
  row: Row | InvalidRow;
  /** null if the row is to run again in a later run, for example if its input could not be read. */
  digest: string | null;
  error: RefineError;
}

/** A row that an earlier run finished with the same digest. */
export interface DoneRow {
  kind: 'done';
  row: Row;
  result: ResultRecord;
  /** Whether its line is in the results that this run is appended to, and stays there. */
  isListed: boolean;
}

export interface BeginOptions {
  outputFolder: string;
  modelDigest: string;
  /** Digests of the LoRAs that rows name, by name: part of the digests of those rows only. */
  loraDigests?: Readonly<Record<string, string>>;
  /** Results of earlier runs in the same folder; null if none are reused. */
  earlier: EarlierResults | null;
  /** Size in bytes of the results that this run is appended to. */
  base: number;
  /** Whether failed rows of earlier runs run again. */
  retryFailed: boolean;
  /** As in `BatchOptions`. */
  verifies?: boolean;
  written?: Pick<WrittenFiles, 'isDoubtful'>;
  onRedo?: (why: string) => void;
  /** Files that the run reads and outputs would replace; default: none. */
  inUse?: FilesInUse;
  /** If the outputs are in object storage. */
  remote?: RemoteOutputs;
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
  /* The digest includes the screening, which may block the row. */
  const digest = digestOf(row, input.identity, options);
  const done = await findFinished(row, digest, options);
  if (done !== null) return done;
  /* Without a digest, a later run tries the row again. */
  const refused = await failRowOnError({ row, digest: null }, async () => {
    if (options.remote !== undefined) refuseObjects(row, options.remote);
    await refuseInUse(row, options);
  });
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

/** Options that decide whether an earlier run finished a row. */
export type FindOptions = Omit<BeginOptions, 'inUse' | 'onRedo'>;

/** The row as `beginRow` would return it, if an earlier run finished it; else null. @throws IMAGE_* of the row; CANCELLED */
export const findDone = async (row: Row, options: FindOptions): Promise<DoneRow | null> => {
  if (options.earlier === null) return null;
  const input = await readRowInput(row, options.signal);
  return findFinished(row, digestOf(row, input.identity, options), options);
};

/** The digest of everything that decides a row's output: row, model, screening and LoRAs. */
export const digestOf = (
  row: Row,
  input: Uint8Array | string,
  options: Pick<BeginOptions, 'modelDigest' | 'loraDigests' | 'screening'>,
): string => rowDigest(row, input, options.modelDigest + options.screening.identity + loraDigestText(row, options));

/** Digests of the LoRA files that a row names. */
const loraDigestText = (
  { settings, generation }: Row,
  { loraDigests = {} }: Pick<BeginOptions, 'loraDigests'>,
): string => {
  const names = Object.keys({ ...settings.loraWeights, ...generation?.refiner?.loraWeights });
  return names.flatMap((name) => (name in loraDigests ? [` ${loraDigests[name]}`] : [])).join('');
};

/** The second stage. Decoded pictures are large, so fewer rows are decoded at a time than wait for screening. */
export const decodeRow = ({ input, ...row }: PassedRow): Promise<ReadyRow | FailedRow> =>
  failRowOnError(row, async () => ({ ...row, kind: 'ready', prepared: await input.prepare() }));

const RETRIED_ERRORS: readonly (ErrorCode | undefined)[] = ['OUTPUT_OBSTRUCTED', 'OUTPUT_TAKEN'];

/** The result of an earlier run with the same digest, with this row's place, id and extra keys. */
const findFinished = async (row: Row, digest: string, options: BeginOptions): Promise<DoneRow | null> => {
  const { earlier, base, retryFailed } = options;
  const earlierResult = (await earlier?.find(digest)) ?? null;
  if (earlierResult === null) return null;
  const { record: result, offset } = earlierResult;
  /* A blocked row is finished: the same row would be blocked again. */
  if (result.status === 'ok') {
    const fault = await findOutputFault(row, result, options);
    if (fault !== null) {
      options.onRedo?.(fault);
      return null;
    }
  } else if (result.status !== 'blocked' && (retryFailed || RETRIED_ERRORS.includes(result.error?.code))) {
    /* The obstacle of that run may be gone. */
    return null;
  }
  const { rowNumberPerFile, inputName, id, extra, sourceText: image } = row;
  /* If this run is appended, earlier lines stay unchanged; only failures get a newer line. */
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
 * Returns the result of `work`, or a failed row for an error of scope `row` and for an unexpected error: one row must not end
 * a long run. Rethrows errors of scope `run`.
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
