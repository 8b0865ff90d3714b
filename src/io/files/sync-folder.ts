/** Syncs folders: a file's bytes survive a power cut if the file is synced, its name if its folder is. */
import { open } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from './close-file.js';

/** Codes of systems that cannot open or sync a folder (Windows, some network and FUSE file systems), or may not read it. */
const CANNOT = new Set<string | undefined>([
  'EISDIR',
  'EACCES',
  'EPERM',
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EBADF',
]);

const orCannot = (thrown: unknown): null => {
  if (CANNOT.has(systemCodeOf(thrown))) return null;
  throw thrown;
};

/** @throws the system's error, except where folders cannot be synced */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(orCannot);
  if (handle === null) return;
  try {
    await handle.sync().catch(orCannot);
  } finally {
    await closeFile(handle);
  }
};
