/** Makes folders, with those above them. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { syncFolder } from './sync-folder.js';

/**
 * Node's own recursive mkdir takes ENOENT for a missing parent, makes that and tries again: under /proc, where the parent is
 * there and mkdir gives ENOENT all the same, it never returns. Here each folder is tried at most twice. One that was made is
 * there after a power cut: what is synced inside is lost with its folder's name.
 *
 * @returns whether it was made, and was not there before
 * @throws what the system says
 */
export const makeFolder = async (path: string): Promise<boolean> => {
  try {
    return await makeOne(path);
  } catch (cause) {
    const parent = dirname(path);
    if (systemCodeOf(cause) !== 'ENOENT' || parent === path) throw cause;
    await makeFolder(parent);
    return makeOne(path);
  }
};

const makeOne = async (path: string): Promise<boolean> => {
  try {
    await mkdir(path);
  } catch (cause) {
    /* Besides EEXIST, systems say EROFS, EPERM or EISDIR of a folder that is there. */
    if (systemCodeOf(cause) !== 'ENOENT' && (await isFolder(path))) return false;
    throw cause;
  }
  await syncFolder(dirname(path));
  return true;
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
