/** Writes files atomically: complete or not at all. */
import { rename } from 'node:fs/promises';
import { isRefineError, RefineError, systemCodeOf } from '../../errors.js';
import { renameIfAbsent } from '../../io/files/link-if-absent.js';
import { placeFile, type FileData } from '../../io/files/place-file.js';
import { outputUnwritable } from './output-error.js';

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

const writeAndPlace = (
  path: string,
  data: FileData,
  move: (from: string, to: string) => Promise<void>,
): Promise<void> =>
  placeFile(path, data, move).catch((error: unknown) => {
    throw isRefineError(error) ? error : outputUnwritable(path, error);
  });
