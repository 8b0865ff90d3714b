/** Opens a safetensors file: reads and checks its header, never its data. */
import { createHash } from 'node:crypto';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import { realPath } from '../../../io/files/system-path.js';
import { parseHeaderLength, PREFIX_BYTES } from './header-length.js';
import { parseSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';

export interface SafetensorsFile extends SafetensorsHeader {
  /** Real path: ONNX Runtime refuses data behind a link that leaves its folder. */
  readonly file: string;
  readonly fileSize: number;
  /** SHA-256 of the header, hexadecimal. */
  readonly headerDigest: string;
}

/**
 * Opens one file.
 * @throws WEIGHTS_FILE_MISSING if the file does not exist or cannot be read
 * @throws WEIGHTS_HEADER_INVALID
 */
export const openSafetensors = async (
  path: string,
  kind: 'weights' | 'latents' = 'weights',
): Promise<SafetensorsFile> => {
  try {
    const file = await realPath(path);
    return await withFile(file, kind, async (handle, fileSize) => {
      const prefix = await readUpTo(handle, 0, PREFIX_BYTES);
      const header = await readUpTo(handle, PREFIX_BYTES, parseHeaderLength(prefix, fileSize, path));
      const headerDigest = createHash('sha256').update(header).digest('hex');
      return { file, fileSize, headerDigest, ...parseSafetensorsHeader(header, fileSize, path) };
    });
  } catch (cause) {
    if (isRefineError(cause)) throw cause;
    const why = systemCodeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
    const message = `Cannot read the weights ${path}: ${why}. Correct the path, or get the file again.`;
    throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { file: path }, cause });
  }
};
