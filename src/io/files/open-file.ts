/** Opens files from outside: regular files only, whose size is checked before a byte is read. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { closeFile } from './close-file.js';
import { FILE_LIMITS, type FileKind } from './file-limits.js';
import { systemPath } from './system-path.js';

/** An existing file that is not read, and why. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';

  constructor(
    readonly reason: 'folder' | 'special' | 'size',
    /** Follows the file's name: `is a folder, not a regular file`. */
    readonly what: string,
  ) {
    super(`it ${what}`);
  }
}

/* Windows has neither flag, and no pipes in its file system. */
const { O_RDONLY, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants as Partial<typeof constants>;

/**
 * Opens a file while `read` runs. Opening never waits for a pipe's writer, and the checks are of the opened file: a rename in
 * between has no effect.
 *
 * @throws FileRefused, or the system's error
 */
export const withFile = async <Result>(
  path: string,
  kind: FileKind,
  read: (handle: FileHandle, size: number) => Promise<Result>,
): Promise<Result> => {
  const handle = await openFile(path, kind);
  try {
    return await read(handle, (await handle.stat()).size);
  } finally {
    await closeFile(handle);
  }
};

/** As `withFile`, for a file that the caller closes. */
export const openFile = async (path: string, kind: FileKind): Promise<FileHandle> => {
  const handle = await open(systemPath(path), (O_RDONLY ?? 0) | O_NONBLOCK | O_NOCTTY);
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new FileRefused('folder', 'is a folder, not a regular file');
    if (!stats.isFile()) throw new FileRefused('special', 'is a pipe or a device, not a regular file');
    const { what, bytes } = FILE_LIMITS[kind];
    if (stats.size > bytes) {
      throw new FileRefused('size', `has ${stats.size} bytes; ${what} may have at most ${bytes}`);
    }
    return handle;
  } catch (thrown) {
    await closeFile(handle);
    throw thrown;
  }
};

/** Up to `length` bytes from `position`; fewer where the file ends. */
export const readUpTo = async (handle: FileHandle, position: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
};

/** A file's bytes, up to its size when it was opened. @throws as `withFile` */
export const readFileBytes = (path: string, kind: FileKind): Promise<Buffer> =>
  withFile(path, kind, async (handle, size) => {
    const { buffer, byteOffset, byteLength } = await readUpTo(handle, 0, size);
    return Buffer.from(buffer, byteOffset, byteLength);
  });

/** @throws as `withFile` */
export const readFileText = async (path: string, kind: FileKind): Promise<string> =>
  (await readFileBytes(path, kind)).toString('utf8');

const CHUNK_BYTES = 256 * 1024;

/** A file's bytes in chunks, including those appended while it is read. @throws as `withFile` */
export async function* readChunks(path: string, kind: FileKind): AsyncGenerator<Buffer> {
  const handle = await openFile(path, kind);
  try {
    yield* chunksOf(handle);
  } finally {
    await closeFile(handle);
  }
}

/** As `readChunks`, for an open file, from its beginning. */
export async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
