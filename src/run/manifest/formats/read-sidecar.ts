/** Reads a picture's prompt from a text file beside it, as caption tools write it. */
import { join, parse } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { RefineError, messageOf, systemCodeOf } from '../../../errors.js';
import { FILE_LIMITS } from '../../../io/files/file-limits.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import { formatValue } from '../rows/format-value.js';

/** Path of a picture's sidecar, which need not exist: `cat.png` → `cat.txt`. */
export const sidecarOf = (path: string): string => {
  const { dir, name } = parse(path);
  return existingForm(join(dir, `${name}.txt`));
};

const decode = (bytes: Buffer): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

/**
 * @param path of the picture
 * @returns the text without byte order mark and final line ends; null if there is no such file
 * @throws RefineError ROW_FIELD_INVALID if it is not a file of UTF-8, is over 64 KiB, or cannot be read
 */
export const readSidecar = async (path: string): Promise<string | null> => {
  const sidecar = sidecarOf(path);
  const fail = (found: string, cause?: unknown): never => {
    const message = `Expected ${formatValue(sidecar)} to be a prompt in UTF-8 of at most ${FILE_LIMITS.sidecar.bytes} bytes: ${found}; correct it, or give the row a prompt`;
    throw new RefineError('ROW_FIELD_INVALID', message, cause === undefined ? {} : { cause });
  };
  const bytes = await readFileBytes(sidecar, 'sidecar').catch((error: unknown) =>
    ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCodeOf(error) ?? '') ? null : fail(messageOf(error), error),
  );
  if (bytes === null) return null;
  return decode(bytes)?.replace(/(?<![\r\n])[\r\n]+$/, '') ?? fail('it has bytes that are not UTF-8');
};
