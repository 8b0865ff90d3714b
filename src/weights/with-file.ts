/** Reads parts of a file. What goes wrong is thrown as the system says it; callers say what it means. */
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Opens a regular file for as long as `read` runs. */
export const withFile = async <Result>(
  path: string,
  read: (handle: FileHandle, size: number) => Promise<Result>,
): Promise<Result> => {
  // Asked before opening, because opening a pipe waits for someone to write to it.
  const stats = await stat(path);
  if (!stats.isFile()) throw new Error('it is not a regular file');
  const handle = await open(path);
  try {
    return await read(handle, stats.size);
  } finally {
    await handle.close();
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
