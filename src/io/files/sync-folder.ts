/** Names that outlast a power cut: a file's bytes are safe when the file is synced, its name when its folder is. */
import { open } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from './close-file.js';

/** Systems that can neither open nor sync a folder: Windows, some network and FUSE file systems; or the folder may not be read. */
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

/** @throws what the system says, where it could have synced */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(orCannot);
  if (handle === null) return;
  try {
    await handle.sync().catch(orCannot);
  } finally {
    await closeFile(handle);
  }
};
