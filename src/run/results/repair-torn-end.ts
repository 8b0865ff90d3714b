/** Repairs the last line of a journal whose run was killed while writing it. */
import type { FileHandle } from 'node:fs/promises';
import { readUpTo } from '../../io/files/open-file.js';
import { startsLikeResult, isTruncatedJson } from './parse-record.js';
import { MAX_LINE_BYTES } from './read-lines.js';

const NEWLINE = 10;
const STEP_BYTES = 64 * 1024;

/** Offset after the last newline before `end`. */
const startOfLastLine = async (handle: FileHandle, end: number): Promise<number> => {
  const buffer = Buffer.alloc(STEP_BYTES);
  for (let stop = end; stop > 0; stop -= STEP_BYTES) {
    const start = Math.max(0, stop - STEP_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, stop - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (at !== -1) return start + at + 1;
  }
  return 0;
};

/** Makes a journal end with a whole line: adds a missing newline, or removes a torn result. Other programs' lines stay. */
export const repairTornEnd = async (handle: FileHandle): Promise<void> => {
  const stat = await handle.stat();
  if (!stat.isFile()) return;
  const start = await startOfLastLine(handle, stat.size);
  if (start === stat.size) return;
  if (await isTorn(handle, start, stat.size - start)) await handle.truncate(start);
  else await handle.appendFile('\n');
};

const isTorn = async (handle: FileHandle, start: number, length: number): Promise<boolean> => {
  const head = await readUpTo(handle, start, Math.min(length, STEP_BYTES));
  /* Zeros: the file was extended before a power cut, but not written. */
  if (head.every((byte) => byte === 0)) return true;
  if (!startsLikeResult(head) || length > MAX_LINE_BYTES) return false;
  return isTruncatedJson(await readUpTo(handle, start, length));
};
