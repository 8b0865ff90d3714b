/** A second name for a file, where there is none of that name yet. */
import { constants, copyFile, link } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';

/** What file systems without hard links say of them: exFAT, and some behind FUSE or the network. */
const NO_LINKS = new Set<string | undefined>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Links, or copies where there are no links; a copy may be seen before it is whole.
 * @param linkFile throws as `link` does
 * @throws what the file system says: EEXIST where there is a file of that name
 */
export const placeNew = async (from: string, to: string, linkFile = link): Promise<void> => {
  try {
    await linkFile(from, to);
  } catch (cause) {
    if (!NO_LINKS.has(systemCodeOf(cause))) throw cause;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
};
