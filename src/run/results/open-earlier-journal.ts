/** Opens the journal of an earlier run for reading. */
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { openFile } from '../../io/files/open-file.js';
import { outputUnwritable } from './output-error.js';

/** @returns null: there is none @throws OUTPUT_UNWRITABLE if there is one that cannot be read */
export const openEarlierJournal = (path: string): Promise<FileHandle | null> =>
  openFile(path, 'results').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw outputUnwritable(path, cause);
  });
