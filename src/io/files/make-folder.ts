/** Creates a folder and its parents. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { isFolder } from './is-folder.js';
import { syncFolder } from './sync-folder.js';

/**
 * Node's recursive mkdir takes ENOENT for a missing parent, creates the parent and tries again. Under /proc the parent exists
 * and mkdir still returns ENOENT, so Node never returns. Here each folder is tried at most twice. The parent of a new folder is
 * synced: after a power cut, synced files are lost if their folder's name is.
 *
 * @returns false if it existed
 * @throws the system's error
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
    /* For an existing folder, systems return EEXIST, EROFS, EPERM or EISDIR. */
    if (systemCodeOf(cause) !== 'ENOENT' && (await isFolder(path))) return false;
    throw cause;
  }
  await syncFolder(dirname(path));
  return true;
};
