/** Names a file only if the name is free. */
import { constants, copyFile, link, lstat, rename, rm } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';

/** What file systems without hard links say of them: exFAT, and some behind FUSE or the network. */
const NO_LINKS = new Set<string | undefined>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * A second name. Links, or copies where there are no links; a copy may be seen before it is whole.
 * @param linkFile throws as `link` does
 * @throws what the file system says: EEXIST where there is a file of that name
 */
export const linkIfAbsent = async (from: string, to: string, linkFile = link): Promise<void> => {
  try {
    await linkFile(from, to);
  } catch (cause) {
    if (!NO_LINKS.has(systemCodeOf(cause))) throw cause;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
};

/**
 * Another name instead of its own: a rename that replaces nothing, and shows nothing that is not whole. Node has no such rename: a
 * link does it in one step. Where there are no hard links, who takes the name in the same instant loses it.
 * @param linkFile throws as `link` does
 * @throws what the file system says: EEXIST where there is something of that name, a link that leads nowhere included
 */
export const renameIfAbsent = async (from: string, to: string, linkFile = link): Promise<void> => {
  try {
    await linkFile(from, to);
  } catch (cause) {
    const there = await lstat(to, { bigint: true }).catch(() => null);
    if (there === null) return rename(from, to);
    /* A server may have linked, and its answer been lost (open(2) of Linux, under O_EXCL). */
    const own = await lstat(from, { bigint: true });
    if (own.ino !== there.ino || own.dev !== there.dev || own.ino === 0n) {
      throw Object.assign(new Error(`EEXIST: file already exists, '${to}'`, { cause }), { code: 'EEXIST' });
    }
  }
  await rm(from, { force: true });
};
