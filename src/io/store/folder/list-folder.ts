/** The files of a folder and its folders, in the order in which object storage lists names. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../../errors.js';
import { findLink } from '../../files/find-link.js';
import { TEMPORARY } from '../../files/temporary-path.js';
import { objectNameFault } from '../store-uri.js';
import { folderError } from './folder-errors.js';

/**
 * Files whose name relative to `root`, with slashes, begins with `prefix`. Links are not followed. Memory: the names of one folder
 * at each depth.
 * @throws STORE_DENIED, STORE_UNAVAILABLE
 */
export async function* listFolder(root: string, prefix: string): AsyncGenerator<{ name: string; size: number }> {
  /* Begins at the prefix's last folder: those beside it may be many. */
  const inside = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (await isFolderInside(root, inside)) yield* walk(root, inside, prefix);
}

const isFolderInside = async (root: string, inside: string): Promise<boolean> => {
  if (inside === '') return true;
  if (objectNameFault(inside.slice(0, -1)) !== null || (await findLink(root, inside)) !== null) return false;
  const stats = await lstat(join(root, inside)).catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT' || systemCodeOf(cause) === 'ENOTDIR') return null;
    throw folderError('list', join(root, inside), cause);
  });
  return stats?.isDirectory() === true;
};

async function* walk(root: string, inside: string, prefix: string): AsyncGenerator<{ name: string; size: number }> {
  for (const { name, isFolder } of await entriesOf(join(root, inside))) {
    const path = inside + name;
    if (isFolder ? !path.startsWith(prefix) && !prefix.startsWith(path) : !path.startsWith(prefix)) continue;
    if (isFolder) yield* walk(root, path, prefix);
    else {
      /* Removed since the listing. */
      const stats = await lstat(join(root, path)).catch(() => null);
      if (stats !== null) yield { name: path, size: stats.size };
    }
  }
}

/** Folders have a slash at the end of their names, by which they are sorted: `a.png` before `a/b.png`. */
const entriesOf = async (folder: string): Promise<{ name: string; isFolder: boolean }[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw folderError('list', folder, cause);
  });
  return entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .filter(({ name }) => !TEMPORARY.test(name) && objectNameFault(name) === null)
    .map((entry) => ({ name: entry.isDirectory() ? `${entry.name}/` : entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
};
