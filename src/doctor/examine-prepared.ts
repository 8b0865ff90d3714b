/** What `--precision int8` and `--memory fast` have made from weights so far, and where. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { preparedFolder, type Environment } from '../files/cache-folders.js';
import type { PreparedReport } from './report.js';

/** @throws CACHE_UNWRITABLE when nothing says where they lie */
export const examinePrepared = async (env: Environment): Promise<PreparedReport> => {
  const folder = preparedFolder(env);
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return { folder, files: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
};
