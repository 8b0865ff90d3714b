/** Identity of the file that a path names: equal for all its names, by links, letter case or Unicode normalization form. */
import { stat } from 'node:fs/promises';
import { realPath, systemPath } from './system-path.js';

/** null if nothing exists there. */
export const fileIdentity = async (path: string): Promise<string | null> => {
  const stats = await stat(systemPath(path), { bigint: true }).catch(() => null);
  if (stats === null) return null;
  /* Some file systems have no inode numbers. */
  return stats.ino === 0n ? realPath(path).catch(() => null) : `${stats.dev} ${stats.ino}`;
};
