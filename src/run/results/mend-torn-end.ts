import type { FileHandle } from 'node:fs/promises';

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

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Makes a file of JSON lines end with a whole line: a last line that lacks only its end gets it, a torn one goes. */
export const mendTornEnd = async (handle: FileHandle): Promise<void> => {
  const stat = await handle.stat();
  if (!stat.isFile()) return;
  const start = await startOfLastLine(handle, stat.size);
  if (start === stat.size) return;
  const tail = Buffer.alloc(stat.size - start);
  await handle.read(tail, 0, tail.length, start);
  if (isJson(tail.toString('utf8'))) await handle.appendFile('\n');
  else await handle.truncate(start);
};
