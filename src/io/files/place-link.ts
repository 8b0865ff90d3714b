/** Gives a file a second name in another folder. */
import { link, open, rename, rm, symlink } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { isWithoutLinks, linkIfAbsent } from './link-if-absent.js';
import { makeFolder } from './make-folder.js';
import { temporaryPath } from './temporary-path.js';

/**
 * A relative symbolic link, which replaces what has the name. Where the file system or the user's rights have none, a hard link; without
 * those too, a copy, which is synced. The name appears with its content or not at all.
 * @param system whose functions throw as `symlink` and `link` do
 * @throws the file system's error
 */
export const placeLink = async (
  file: string,
  path: string,
  system: { symlink: typeof symlink; link: typeof link } = { symlink, link },
): Promise<void> => {
  const temporary = temporaryPath(path);
  await makeFolder(dirname(path));
  try {
    await system.symlink(relative(dirname(path), file), temporary).catch(async (cause: unknown) => {
      if (!isWithoutLinks(cause)) throw cause;
      await linkIfAbsent(file, temporary, system.link);
      await syncFile(temporary);
    });
    await rename(temporary, path);
  } finally {
    /* Of two names of one file, `rename` leaves both (POSIX). */
    await rm(temporary, { force: true }).catch(() => undefined);
  }
};

const syncFile = async (path: string): Promise<void> => {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
