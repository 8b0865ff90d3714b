/** Writes files atomically: complete or not at all. */
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRefineError, RefineError, systemCodeOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { makeFolder } from '../../io/files/make-folder.js';
import { syncFolder } from '../../io/files/sync-folder.js';
import { outputUnwritable } from './output-error.js';
import { renameIfAbsent } from '../../io/files/link-if-absent.js';
import { temporaryPath } from '../../io/files/temporary-path.js';

type FileData = Uint8Array | string | AsyncIterable<Uint8Array | string>;

/**
 * Writes a temporary file and renames it, replacing an existing file; creates missing folders.
 *
 * @param data the bytes, or text as UTF-8, or a stream of either
 * @throws RefineError OUTPUT_UNWRITABLE, or the RefineError that reading `data` throws; the temporary file is removed
 */
export const writeAtomically = (path: string, data: FileData): Promise<void> => writeAndPlace(path, data, rename);

/** As `writeAtomically`, but does not replace an existing file. @throws OUTPUT_TAKEN too */
export const writeNew = (path: string, data: FileData): Promise<void> =>
  writeAndPlace(path, data, async (from, to) => {
    await renameIfAbsent(from, to).catch((cause: unknown) => {
      if (systemCodeOf(cause) !== 'EEXIST') throw cause;
      throw new RefineError(
        'OUTPUT_TAKEN',
        `Expected no file at ${to}, found one that another program wrote during this run; it is not replaced. Move it and run again with --retry-failed, or choose another name.`,
        { context: { path: to }, cause },
      );
    });
  });

const writeAndPlace = async (
  path: string,
  data: FileData,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> => {
  const folder = dirname(path);
  const temporary = temporaryPath(path);
  try {
    await makeFolder(folder);
    const handle = await open(temporary, 'wx');
    try {
      await writeFile(handle, data);
      await handle.sync();
    } finally {
      await closeFile(handle);
    }
    await place(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw isRefineError(error) ? error : outputUnwritable(path, error);
  }
};
