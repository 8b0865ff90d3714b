import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { FILE_LIMITS } from '../../io/files/file-limits.js';
import { FileRefused, readUpTo, withFile } from '../../io/files/open-file.js';
import type { FileHandle } from 'node:fs/promises';

/** Bytes of the picture file at `path`. Errors as for `withPictureFile`. */
export const readPictureFile = (path: string): Promise<Uint8Array> =>
  withPictureFile(path, (handle, size) => readUpTo(handle, 0, size));

/** Resolves if `path` is a readable picture file. Errors as for `withPictureFile`. */
export const checkPictureFile = (path: string): Promise<void> => withPictureFile(path, () => Promise.resolve());

/**
 * Opens a readable, non-empty file within the size limit while `read` runs.
 * Fails with `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE` or `IMAGE_TOO_LARGE`.
 */
export async function withPictureFile<Result>(
  path: string,
  read: (handle: FileHandle, size: number) => Promise<Result>,
): Promise<Result> {
  try {
    return await withFile(path, 'picture', (handle, size) => {
      if (size === 0)
        throw unreadable(
          path,
          `Expected a picture, found an empty file (0 bytes): ${path}. Copy or download the picture again.`,
        );
      return read(handle, size);
    });
  } catch (thrown) {
    throw isRefineError(thrown) ? thrown : fileError(path, thrown);
  }
}

function unreadable(path: string, message: string, cause?: unknown): RefineError {
  return new RefineError('IMAGE_UNREADABLE', message, { context: { path }, cause });
}

function fileError(path: string, thrown: unknown): RefineError {
  if (thrown instanceof FileRefused) return refused(path, thrown);
  const code = systemCodeOf(thrown);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const message = `There is no picture at ${path}. Check the path; a relative one starts at the manifest's folder.`;
    return new RefineError('IMAGE_NOT_FOUND', message, { context: { path }, cause: thrown });
  }
  return unreadable(path, `${path} cannot be read (${messageOf(thrown)}). Check its permissions.`, thrown);
}

function refused(path: string, cause: FileRefused): RefineError {
  if (cause.reason !== 'size') return unreadable(path, `${path} ${cause.what}; expected a picture.`, cause);
  const context = { path, limit: FILE_LIMITS.picture.bytes };
  return new RefineError('IMAGE_TOO_LARGE', `${path} ${cause.what}. Save it smaller.`, { context, cause });
}
