/** Deletes the outputs of removed rows (--prune). */
import { lstat, realpath, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { fileIdentity } from '../../io/files/file-identity.js';
import { NONE_IN_USE, type FilesInUse } from './files-in-use.js';
import { outputUnwritable } from '../results/output-error.js';
import { isOutput } from '../manifest/rows/output-name.js';

export interface Protected {
  inUse?: FilesInUse;
  /** As in `UnclaimedOutputs`. */
  namesakes?: ReadonlySet<string>;
}

/**
 * The names come from an untrusted file: removes only valid output names inside the folder, and no file that the run reads, or that
 * a row wrote under another form of the name.
 * @returns number of removed files
 * @throws OUTPUT_UNWRITABLE
 */
export const removeOutputs = async (
  folder: string,
  names: readonly string[],
  { inUse = NONE_IN_USE, namesakes = new Set() }: Protected = {},
): Promise<number> => {
  const root = await realpath(folder);
  let removed = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!isOutput(name) || !(await isInside(dirname(path), root))) continue;
    const stats = await lstat(path).catch(() => null);
    if (stats === null || stats.isDirectory()) continue;
    if (inUse.size > 0 && inUse.has((await fileIdentity(path)) ?? '')) continue;
    if (namesakes.has(name) && (await hasOtherForm(folder, name))) continue;
    await rm(path, { force: true }).catch((cause: unknown) => {
      throw outputUnwritable(path, cause);
    });
    removed++;
  }
  return removed;
};

/** Whether the file can be opened by the name in another letter case or Unicode form, too. */
const hasOtherForm = async (folder: string, name: string): Promise<boolean> => {
  const identity = await fileIdentity(join(folder, name));
  if (identity === null) return false;
  const forms = [name.toUpperCase(), name.toLowerCase(), name.normalize('NFC'), name.normalize('NFD')];
  for (const form of forms) {
    if (form !== name && (await fileIdentity(join(folder, form))) === identity) return true;
  }
  return false;
};

const isInside = async (folder: string, root: string): Promise<boolean> => {
  const real = await realpath(folder).catch(() => null);
  return real !== null && (real === root || real.startsWith(root + sep));
};
