/** Which file a name means: two names of one file have one identity, whatever links, letter case or form of Unicode lead there. */
import { stat } from 'node:fs/promises';
import { realPath, systemPath } from './system-path.js';

/** null: nothing is there. */
export const fileIdentity = async (path: string): Promise<string | null> => {
  const stats = await stat(systemPath(path), { bigint: true }).catch(() => null);
  if (stats === null) return null;
  /* Some file systems number no files. */
  return stats.ino === 0n ? realPath(path).catch(() => null) : `${stats.dev} ${stats.ino}`;
};
