/** Writes a file that is complete or not there at all. */
import { open, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from './close-file.js';
import { makeFolder } from './make-folder.js';
import { syncFolder } from './sync-folder.js';
import { temporaryPath } from './temporary-path.js';

export type FileData = Uint8Array | string | AsyncIterable<Uint8Array | string>;

/**
 * Writes and syncs a hidden temporary file beside the final name, then moves it there; creates missing folders. A killed program leaves
 * the temporary file at most.
 *
 * @param data the bytes, or text as UTF-8, or a stream of either
 * @param move gives the temporary file its final name
 * @throws what the file system, `data` or `move` throws; the temporary file is removed
 */
export const placeFile = async (
  path: string,
  data: FileData,
  move: (from: string, to: string) => Promise<void>,
): Promise<void> => {
  const folder = dirname(path);
  const temporary = temporaryPath(path);
  try {
    const handle = await open(temporary, 'wx').catch(async (cause: unknown) => {
      if (systemCodeOf(cause) !== 'ENOENT') throw cause;
      await makeFolder(folder);
      return open(temporary, 'wx');
    });
    try {
      await writeFile(handle, data);
      await handle.sync();
    } finally {
      await closeFile(handle);
    }
    await move(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
};
