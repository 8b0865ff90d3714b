/** Writes bytes whole, or fails. */
import type { FileHandle } from 'node:fs/promises';

/**
 * The system writes a part, without an error, where the disk or a quota fills; only the next write says why it can write no more.
 * @param position in bytes from the file's beginning; null: where the last write ended
 * @throws the file system's error
 */
export const writeAll = async (
  handle: Pick<FileHandle, 'write'>,
  data: NodeJS.ArrayBufferView,
  position: number | null = null,
): Promise<void> => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for (let done = 0; done < bytes.length;) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at);
    if (bytesWritten === 0) throw new Error('the disk is full');
    done += bytesWritten;
  }
};
