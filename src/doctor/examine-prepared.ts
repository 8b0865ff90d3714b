/** What `--precision int8` and `--memory fast` have made from weights so far, and where. */
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../weights/cache-folder.js';
import type { PreparedReport } from './report.js';

export const examinePrepared = async (
  env: Readonly<Record<string, string | undefined>>,
  home = homedir(),
): Promise<PreparedReport> => {
  const folder = cacheFolder(env, home);
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
