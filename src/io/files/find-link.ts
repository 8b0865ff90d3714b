/** Symbolic links on the way to a file. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param name `/`-separated, of a file inside `folder`, which may be a link itself
 * @returns path of the first folder on the way that is a link; null if there is none
 */
export const findLink = async (folder: string, name: string): Promise<string | null> => {
  let path = folder;
  for (const segment of name.split('/').slice(0, -1)) {
    path = join(path, segment);
    const stats = await lstat(path).catch(() => null);
    if (stats === null) return null;
    if (stats.isSymbolicLink()) return path;
  }
  return null;
};
