/** Counts the files that `--precision int8` and `--cache-weights` have made from weights. */
import { preparedFolder, type Environment } from '../../io/files/cache-folders.js';
import { listPrepared } from '../../models/weights/cache/list-prepared.js';
import type { PreparedReport } from './report.js';

/** @throws CACHE_UNWRITABLE if neither the environment nor the system names the folder */
export const examinePrepared = async (env: Environment): Promise<PreparedReport> => {
  const folder = preparedFolder(env);
  const entries = await listPrepared(folder);
  return { folder, files: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
};
