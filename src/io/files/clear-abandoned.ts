/** Removes what killed processes left in a folder. */
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Names read at a time: a folder for temporary files may have very many. */
const AT_ONCE = 1000;

/**
 * What cannot be read, or is removed by another process at the same time, is left as it is: nothing depends on it.
 * @param isTemporary whether a file or folder of this name may be removed
 * @param isAbandoned whether the process that made the one at this path has ended; an error means no
 */
export const clearAbandoned = async (
  folder: string,
  isTemporary: (name: string) => boolean,
  isAbandoned: (path: string) => Promise<boolean>,
): Promise<void> => {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: AT_ONCE })) {
      if (!isTemporary(name)) continue;
      const path = join(folder, name);
      if (await isAbandoned(path).catch(() => false)) {
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
      }
    }
  } catch {
    /* The caller's next use of the folder says what is wrong. */
  }
};

/** Of files, by the milliseconds since their last change, in which each is written. */
export const isFileOlderThan =
  (ageMs: number) =>
  async (path: string): Promise<boolean> => {
    const stats = await lstat(path);
    return !stats.isDirectory() && Date.now() - stats.mtimeMs > ageMs;
  };
