/** Copies standard input to a file, since a manifest is read more than once. */
import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError, isRefineError, messageOf } from '../../../errors.js';

/**
 * Copies a stream to a new file that only its owner can read. The caller removes the file or its folder.
 *
 * @returns the file's path
 * @throws RefineError OUTPUT_UNWRITABLE | MANIFEST_UNREADABLE (the stream failed); the file is removed then
 */
export const spoolStdin = async (stream: AsyncIterable<Uint8Array | string>, folder: string): Promise<string> => {
  const path = join(folder, `stdin-${randomUUID()}.jsonl`);
  const unwritable = (cause: unknown): never => {
    const message = `Could not copy standard input to ${path}: ${messageOf(cause)}. Free some space, or choose another folder for temporary files (TMPDIR)`;
    throw new RefineError('OUTPUT_UNWRITABLE', message, { context: { path }, cause });
  };
  const file = await open(path, 'wx', 0o600).catch(unwritable);
  try {
    for await (const chunk of stream) await file.appendFile(chunk).catch(unwritable);
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(path, { force: true });
    if (isRefineError(error)) throw error;
    throw new RefineError(
      'MANIFEST_UNREADABLE',
      `Expected standard input to end normally, got an error: ${messageOf(error)}. Run the command again`,
      { cause: error },
    );
  }
  return path;
};
