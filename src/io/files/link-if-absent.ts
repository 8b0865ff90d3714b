/** Links or renames a file only if the new name is free. */
import { constants, copyFile, link, lstat, rename, rm } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';

/** Errors of file systems without links: exFAT, and some FUSE and network file systems. Windows allows symbolic ones to few users. */
const NO_LINKS = new Set<string | undefined>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** @param cause thrown by `link` or `symlink` */
export const isWithoutLinks = (cause: unknown): boolean => NO_LINKS.has(systemCodeOf(cause));

/**
 * Links a file, or copies it if the file system has no links; a copy may be visible before it is complete.
 * @param linkFile throws as `link` does
 * @throws the file system's error: EEXIST if the name is taken
 */
export const linkIfAbsent = async (from: string, to: string, linkFile = link): Promise<void> => {
  try {
    await linkFile(from, to);
  } catch (cause) {
    if (!isWithoutLinks(cause)) throw cause;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
};

/**
 * Renames a file without replacing another; the new name never shows an incomplete file. Node has no such rename, but a link
 * is atomic. Without hard links, a file that another program creates at the same instant is replaced.
 * @param linkFile throws as `link` does
 * @throws the file system's error: EEXIST if the name is taken, even by a broken link
 */
export const renameIfAbsent = async (from: string, to: string, linkFile = link): Promise<void> => {
  try {
    await linkFile(from, to);
  } catch (cause) {
    const existing = await lstat(to, { bigint: true }).catch(() => null);
    if (existing === null) return rename(from, to);
    /* A file server may have linked, and its reply been lost (Linux, open(2), O_EXCL). */
    const own = await lstat(from, { bigint: true });
    if (own.ino !== existing.ino || own.dev !== existing.dev || own.ino === 0n) {
      throw Object.assign(new Error(`EEXIST: file already exists, '${to}'`, { cause }), { code: 'EEXIST' });
    }
  }
  await rm(from, { force: true });
};
