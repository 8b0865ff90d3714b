/** Saves invalid lines of a journal to a separate file before the journal is rewritten without them. */
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { closeFile } from '../../io/files/close-file.js';
import { openFile, readUpTo } from '../../io/files/open-file.js';
import { outputUnwritable } from './output-error.js';
import { readJournalLines } from './read-lines.js';
import { readRecord } from './read-results.js';
import { writeAtomically } from './write-atomically.js';

/** Invalid lines have no length limit: they are copied in chunks. */
const STEP_BYTES = 2 ** 20;

/**
 * @param base offset of the first line to check
 * @param begin offset after the last
 * @returns the new file; null if no line is invalid
 * @throws OUTPUT_UNWRITABLE
 */
export const saveInvalidLines = async (path: string, base: number, begin: number): Promise<string | null> => {
  const handle = await openFile(path, 'results').catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });
  try {
    const lines = invalidLines(handle, base, begin);
    const first = await lines.next();
    if (first.done === true) return null;
    const aside = join(dirname(path), `.sdxl-refine-passed-over-${randomBytes(4).toString('hex')}.jsonl`);
    const all = async function* (): AsyncGenerator<Uint8Array> {
      yield first.value;
      yield* lines;
    };
    await writeAtomically(aside, all());
    return aside;
  } finally {
    await closeFile(handle);
  }
};

async function* invalidLines(handle: FileHandle, base: number, begin: number): AsyncGenerator<Uint8Array> {
  for await (const line of readJournalLines(handle, base)) {
    const [offset, length] = line.place;
    if (offset >= begin) return;
    const parsed = readRecord(line);
    if (parsed === null || 'record' in parsed) continue;
    for (let done = 0; done < length; done += STEP_BYTES) {
      yield await readUpTo(handle, offset + done, Math.min(STEP_BYTES, length - done));
    }
    yield Buffer.from('\n');
  }
}
