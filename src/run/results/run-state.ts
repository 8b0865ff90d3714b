/** The state of a run that a later run in the same folder needs, besides its results. */
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../errors.js';
import { FileRefused, readFileBytes } from '../../io/files/open-file.js';
import { parseJsonObject } from '../../io/json/parse-json.js';
import { outputUnwritable } from './output-error.js';
import { writeAtomically } from './write-atomically.js';

export interface RunState {
  /** Of the rows that have none. */
  seed: number;
  /** Inputs of the folder's last run, as `inputPlaces` names them. */
  inputs: readonly string[];
  /** Those of the runs that it was appended to. */
  earlierInputs: readonly string[];
  /** Bytes of the results that the last run was appended to. */
  base: number;
  /** Of results that are about to lose lines before `base`: what they are from the moment they have this size. */
  settled?: Settled;
  /** Every row of the last run has its line. */
  isFinished: boolean;
  /** The CSV that the folder's runs write, absolute. */
  predictionsCsv: string | null;
  /** Of a run with `--overwrite` that is not finished: what is older, in milliseconds of the file system's clock, it may replace. */
  overwritesBefore: number | null;
  /** Marks of the newest files that the folder's runs wrote, as of `WrittenFiles`. */
  written: readonly string[];
}

/** Bytes of the results that a run was appended to, and of all. */
export interface Settled {
  base: number;
  size: number;
}

const stateFile = (folder: string, part: string): string => join(folder, `.sdxl-refine-run${part}.json`);

const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const isSettled = (value: unknown): value is Settled =>
  isCount((value as Partial<Settled> | null)?.base) && isCount((value as Partial<Settled> | null)?.size);

/** What each of its keys is. */
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
 * Of the folder's run (of one part of it, where `part` is not ''), as far as it can be read; null: there is none.
 * @param tellFault is told what of it cannot be read, which counts as not there
 * @throws OUTPUT_UNWRITABLE
 */
export const readRunState = async (
  folder: string,
  part: string,
  tellFault: (fault: string) => void = () => undefined,
): Promise<Partial<RunState> | null> => {
  const path = stateFile(folder, part);
  const tell = (what: string): void => {
    tellFault(`${path}: expected the state of a run, found a file that ${what}`);
  };
  try {
    return parseState(await readFileBytes(path, 'runState'), tell);
  } catch (cause) {
    /* Where a file is in the folder's place, making the folder says so. */
    if (!(cause instanceof FileRefused) && ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) return null;
    throw outputUnwritable(path, cause);
  }
};

const parseState = (bytes: Uint8Array, tell: (what: string) => void): Partial<RunState> | null => {
  let value: Record<string, unknown>;
  try {
    value = parseJsonObject(bytes, LIMITS, (what) => new Error(what));
  } catch (thrown) {
    tell(bytes.length === 0 ? 'is empty' : messageOf(thrown));
    return null;
  }
  /* A key that is not there: a version before did not know it. */
  const entries = Object.entries(CHECKS).flatMap(([key, [check, expected]]) => {
    if (!Object.hasOwn(value, key)) return [];
    if (check(value[key])) return value[key] === null ? [] : [[key, value[key]] as const];
    tell(`has an invalid "${key}", expected ${expected}`);
    return [];
  });
  return Object.fromEntries(entries);
};

/** @throws OUTPUT_UNWRITABLE */
export const writeRunState = (folder: string, part: string, state: RunState): Promise<void> =>
  writeAtomically(stateFile(folder, part), `${JSON.stringify(state)}\n`);
