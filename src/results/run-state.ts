/** What a run must remember for a later `--resume` besides its results: the seed that it drew. */
import { join } from 'node:path';
import { systemCodeOf } from '../errors.js';
import { FileRefused, readFileText } from '../files/open-file.js';
import { outputUnwritable } from './output-error.js';
import { writeAtomically } from './write-atomically.js';

const stateFile = (folder: string, part: string): string => join(folder, `.sdxl-refine-run${part}.json`);

/** The seed of the folder's run (of one part of it, where `part` is not ''); null: it has none that can be read. @throws OUTPUT_UNWRITABLE */
export const readRunSeed = async (folder: string, part: string): Promise<number | null> => {
  const path = stateFile(folder, part);
  try {
    const { seed } = JSON.parse(await readFileText(path, 'note')) as { seed?: unknown };
    return Number.isSafeInteger(seed) ? Number(seed) : null;
  } catch (cause) {
    if (cause instanceof FileRefused) throw outputUnwritable(path, cause);
    if (systemCodeOf(cause) === undefined || systemCodeOf(cause) === 'ENOENT') return null;
    throw outputUnwritable(path, cause);
  }
};

/** @throws OUTPUT_UNWRITABLE */
export const writeRunSeed = (folder: string, part: string, seed: number): Promise<void> =>
  writeAtomically(stateFile(folder, part), `${JSON.stringify({ seed })}\n`);
