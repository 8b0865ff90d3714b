/** What a run must remember for a later one in its folder, besides its results. */
import { join } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { FileRefused, readFileText } from '../../io/files/open-file.js';
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
  /** Every row of the last run has its line. */
  isFinished: boolean;
  /** The CSV that the folder's runs write, absolute. */
  predictionsCsv: string | null;
  /** Of a run with `--overwrite` that is not finished: what is older, in milliseconds of the file system's clock, it may replace. */
  overwritesBefore: number | null;
  /** Marks of the newest files that the folder's runs wrote, as of `WrittenFiles`. */
  written: readonly string[];
}

const stateFile = (folder: string, part: string): string => join(folder, `.sdxl-refine-run${part}.json`);

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

/** Of the folder's run (of one part of it, where `part` is not ''), as far as it can be read; null: there is none. @throws OUTPUT_UNWRITABLE */
export const readRunState = async (folder: string, part: string): Promise<Partial<RunState> | null> => {
  const path = stateFile(folder, part);
  try {
    const value = JSON.parse(await readFileText(path, 'runState')) as Partial<Record<keyof RunState, unknown>> | null;
    const { seed, inputs, earlierInputs, base, isFinished, predictionsCsv, overwritesBefore, written } = value ?? {};
    return {
      ...(Number.isSafeInteger(seed) ? { seed: Number(seed) } : {}),
      ...(isTexts(inputs) ? { inputs } : {}),
      ...(isTexts(earlierInputs) ? { earlierInputs } : {}),
      ...(Number.isSafeInteger(base) && Number(base) >= 0 ? { base: Number(base) } : {}),
      ...(typeof isFinished === 'boolean' ? { isFinished } : {}),
      ...(typeof predictionsCsv === 'string' ? { predictionsCsv } : {}),
      ...(typeof overwritesBefore === 'number' ? { overwritesBefore } : {}),
      ...(isTexts(written) ? { written } : {}),
    };
  } catch (cause) {
    if (cause instanceof FileRefused) throw outputUnwritable(path, cause);
    /* Where a file is in the folder's place, making the folder says so. */
    if ([undefined, 'ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause))) return null;
    throw outputUnwritable(path, cause);
  }
};

/** @throws OUTPUT_UNWRITABLE */
export const writeRunState = (folder: string, part: string, state: RunState): Promise<void> =>
  writeAtomically(stateFile(folder, part), `${JSON.stringify(state)}\n`);
