/** Removes temporary files that killed processes left in a folder. */
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Names read at a time. */
const AT_ONCE = 1000;

/**
 * A folder that cannot be read, or a file that another process removes at the same time, is left as it is.
 * @param isTemporary whether a file of this name may be removed
 * @param ageMs milliseconds since its last change, after which its process has ended
 */
export const clearAbandoned = async (
  folder: string,
  isTemporary: (name: string) => boolean,
  ageMs: number,
): Promise<void> => {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: AT_ONCE })) {
      if (!isTemporary(name)) continue;
      const path = join(folder, name);
      const stats = await lstat(path).catch(() => null);
      if (stats !== null && Date.now() - stats.mtimeMs > ageMs) await rm(path, { force: true }).catch(() => undefined);
    }
  } catch {
    /* Nothing depends on it. */
  }
};
