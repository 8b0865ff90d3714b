/** The state of a run that a later run in its folder needs besides the results. */
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../errors.js';
import { FileRefused, readFileBytes } from '../../io/files/open-file.js';
import { parseJsonObject } from '../../io/json/parse-json.js';
import { outputUnwritable } from './output-error.js';
import { writeAtomically } from './write-atomically.js';

export interface RunState {
  /** Seed of the rows that have none. */
  seed: number;
  /** Inputs of the folder's last run, as `inputPlaces` names them. */
  inputs: readonly string[];
  /** Inputs of the runs that it was appended to. */
  earlierInputs: readonly string[];
  /** Size of the results that the last run was appended to, in bytes. */
  base: number;
  /** Set before the results lose lines of `base`: it applies once the results have its size. */
  settled?: Settled;
  /** Whether every row of the last run has its line. */
  isFinished: boolean;
  /** Absolute path of the CSV that the folder's runs write. */
  predictionsCsv: string | null;
  /** For an unfinished run with `--overwrite`: it may replace older files; in milliseconds of the file system's clock. */
  overwritesBefore: number | null;
  /** Marks of the newest files that the folder's runs wrote, as in `WrittenFiles`. */
  written: readonly string[];
}

/** Size of the results that a run was appended to, and of all results, in bytes. */
export interface Settled {
  base: number;
  size: number;
}

export const stateFile = (folder: string, part: string): string => join(folder, `.sdxl-refine-run${part}.json`);

const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isSettled = (value: unknown): value is Settled =>
  isCount((value as Partial<Settled> | null)?.base) && isCount((value as Partial<Settled> | null)?.size);

/** Check of each key, and its expected value for messages. */
const CHECKS: { [Key in keyof RunState]-?: [(value: unknown) => boolean, expected: string] } = {
  seed: [isCount, 'an integer of at least 0'],
  inputs: [isStringList, 'a list of strings'],
  earlierInputs: [isStringList, 'a list of strings'],
  base: [isCount, 'an integer of at least 0'],
  settled: [isSettled, 'base and size, integers of at least 0'],
  isFinished: [(value) => typeof value === 'boolean', 'true or false'],
  predictionsCsv: [(value) => value === null || typeof value === 'string', 'text or null'],
  overwritesBefore: [(value) => value === null || typeof value === 'number', 'a number or null'],
  written: [isStringList, 'a list of strings'],
};

const LIMITS = { maxDepth: 8, maxTokens: 2_000_000 };

/**
 * The readable state of the folder's run, or of its part if `part` is not ''; null if there is none.
 * @param onFault called with each fault; a faulty key counts as missing
 * @throws OUTPUT_UNWRITABLE
 */
export const readRunState = async (
  folder: string,
  part: string,
  onFault: (fault: string) => void = () => undefined,
): Promise<Partial<RunState> | null> => {
  const path = stateFile(folder, part);
  const onFaultInFile = (what: string): void => {
    onFault(`${path}: expected the state of a run, found a file that ${what}`);
  };
  try {
    return parseState(await readFileBytes(path, 'runState'), onFaultInFile);
  } catch (cause) {
    /* If a file has the folder's name, creating the folder fails with the error. */
    if (!(cause instanceof FileRefused) && ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return null;
    throw outputUnwritable(path, cause);
  }
};

const parseState = (bytes: Uint8Array, onFault: (what: string) => void): Partial<RunState> | null => {
  let value: Record<string, unknown>;
  try {
    value = parseJsonObject(bytes, LIMITS, (what) => new Error(what));
  } catch (thrown) {
    onFault(bytes.length === 0 ? 'is empty' : messageOf(thrown));
    return null;
  }
  /* Earlier versions did not write all keys. */
  const entries = Object.entries(CHECKS).flatMap(([key, [check, expected]]) => {
    if (!Object.hasOwn(value, key)) return [];
    if (check(value[key])) return value[key] === null ? [] : [[key, value[key]] as const];
    onFault(`has an invalid "${key}", expected ${expected}`);
    return [];
  });
  return Object.fromEntries(entries);
};

/** @throws OUTPUT_UNWRITABLE */
export const writeRunState = (folder: string, part: string, state: RunState): Promise<void> =>
  writeAtomically(stateFile(folder, part), `${JSON.stringify(state)}\n`);
