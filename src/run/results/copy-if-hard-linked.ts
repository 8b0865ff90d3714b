/** Copies a journal with other hard links (`cp -al`, backups) before a run appends to it, so that the other names keep their content. */
import { lstat } from 'node:fs/promises';
import { readChunks } from '../../io/files/open-file.js';
import { outputUnwritable } from './output-error.js';
import { writeAtomically } from './write-atomically.js';

/** @throws OUTPUT_UNWRITABLE */
export const copyIfHardLinked = async (path: string): Promise<void> => {
  const stats = await lstat(path).catch(() => null);
  if (stats?.isFile() !== true || stats.nlink < 2) return;
  await writeAtomically(path, readChunks(path, 'results')).catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });
};
