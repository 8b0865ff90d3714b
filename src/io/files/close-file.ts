import type { FileHandle } from 'node:fs/promises';

/**
 * Closes a file that was read, or written and synced: closing has nothing to tell any more, and what it says must not stand
 * in front of what went wrong before.
 */
export const closeFile = (handle: FileHandle): Promise<void> => handle.close().catch(() => undefined);
