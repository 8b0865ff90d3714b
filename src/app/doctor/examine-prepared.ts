/** What `--precision int8` and `--memory fast` have made from weights so far, and where. */
import { preparedFolder, type Environment } from '../../io/files/cache-folders.js';
import { listPrepared } from '../../models/weights/cache/list-prepared.js';
import type { PreparedReport } from './report.js';

/** @throws CACHE_UNWRITABLE when nothing says where they lie */
export const examinePrepared = async (env: Environment): Promise<PreparedReport> => {
  const folder = preparedFolder(env);
  const entries = await listPrepared(folder);
  return { folder, files: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
};
