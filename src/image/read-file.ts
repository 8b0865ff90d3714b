import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { RefineError, isRefineError, messageOf, systemCodeOf } from '../errors.js';
import { MAX_FILE_BYTES } from './limits.js';

/** Bytes of the picture file at `path`. Fails as `checkPictureFile` does. */
export async function readPictureFile(path: string): Promise<Uint8Array> {
  await checkPictureFile(path);
  return readFile(path).catch((thrown: unknown) => {
    throw fileError(path, thrown);
  });
}

/**
 * Resolves when `path` is a readable, non-empty file of at most `MAX_FILE_BYTES`, without opening it.
 * Fails with `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE` or `IMAGE_TOO_LARGE`.
 */
export async function checkPictureFile(path: string): Promise<void> {
  try {
    // Asked before anything is opened: opening a pipe waits for a writer.
    const found = await stat(path);
    const { size } = found;
    if (found.isDirectory()) throw unreadable(path, `${path} is a folder; expected a picture file.`);
    if (!found.isFile()) throw unreadable(path, `${path} is not an ordinary file; expected a picture file.`);
    if (size === 0) throw unreadable(path, `${path} is empty (0 bytes); copy or download the picture again.`);
    if (size > MAX_FILE_BYTES) {
      const message = `${path} has ${size} bytes; a picture file may have ${MAX_FILE_BYTES}. Save it smaller.`;
      throw new RefineError('IMAGE_TOO_LARGE', message, { context: { path, bytes: size, limit: MAX_FILE_BYTES } });
    }
    await access(path, constants.R_OK);
  } catch (thrown) {
    throw isRefineError(thrown) ? thrown : fileError(path, thrown);
  }
}

function unreadable(path: string, message: string, cause?: unknown): RefineError {
  return new RefineError('IMAGE_UNREADABLE', message, { context: { path }, cause });
}

function fileError(path: string, thrown: unknown): RefineError {
  const code = systemCodeOf(thrown);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const message = `There is no picture at ${path}. Check the path; a relative one starts at the manifest's folder.`;
    return new RefineError('IMAGE_NOT_FOUND', message, { context: { path }, cause: thrown });
  }
  return unreadable(path, `${path} cannot be read (${messageOf(thrown)}). Check its permissions.`, thrown);
}
