/** Deletes the outputs of removed rows (--prune). */
import { lstat, realpath, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileIdentity } from '../../io/files/file-identity.js';
import { NONE_IN_USE, type FilesInUse } from './files-in-use.js';
import { outputUnwritable } from '../results/output-error.js';
import { isOutput } from '../manifest/rows/output-name.js';

/**
 * The names come from an untrusted file: removes only valid output names inside the folder, and no file that the run reads.
 * @returns number of removed files
 * @throws OUTPUT_UNWRITABLE
 */
export const removeOutputs = async (
  folder: string,
  names: readonly string[],
  inUse: FilesInUse = NONE_IN_USE,
): Promise<number> => {
  const root = await realpath(folder);
  let removed = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!isOutput(name) || !(await isInside(dirname(path), root))) continue;
    const stats = await lstat(path).catch(() => null);
    if (stats === null || stats.isDirectory()) continue;
    if (inUse.size > 0 && inUse.has((await fileIdentity(path)) ?? '')) continue;
    await rm(path, { force: true }).catch((cause: unknown) => {
      throw outputUnwritable(path, cause);
    });
    removed++;
  }
  return removed;
};

const isInside = async (folder: string, root: string): Promise<boolean> => {
  const real = await realpath(folder).catch(() => null);
  return real !== null && (real === root || real.startsWith(root + sep));
};
