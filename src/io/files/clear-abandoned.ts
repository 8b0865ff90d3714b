/** Removes what killed writers left in a store's folder. */
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY } from '../../files/temporary-path.js';

/** Writers are on several machines, so that their process numbers say nothing; a file is written in much less time. */
const ABANDONED_MS = 24 * 3600 * 1000;
/** Names read at a time. */
const AT_ONCE = 1000;

/** A folder that cannot be read, or a file that another process removes at the same time, is left as it is. */
export const clearAbandoned = async (folder: string): Promise<void> => {
  try {
    for await (const { name } of await opendir(folder, { bufferSize: AT_ONCE })) {
      if (!TEMPORARY.test(name)) continue;
      const path = join(folder, name);
      if (Date.now() - (await lstat(path)).mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  } catch {
    /* Nothing depends on it. */
  }
};
