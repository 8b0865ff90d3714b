import type { FileHandle } from 'node:fs/promises';

/**
 * Closes a file that was read, or written and synced. An error of closing is ignored: no data depends on it, and it would
 * hide an earlier error.
 */
export const closeFile = (handle: FileHandle): Promise<void> => handle.close().catch(() => undefined);
