/** Reads the lines of a sorted run, one after the other, in a buffer of a given size. */
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import type { ResultRecord } from '../../../records/result.js';
import type { ResultFile } from './result-file.js';
import { unreadable, type SortedRun } from './sorted-runs.js';

export interface RunLine {
  /** Without its newline. */
  bytes: Uint8Array;
  /** Offset in its file. */
  offset: number;
  record: ResultRecord;
}

export interface RunReader {
  readonly run: SortedRun;
  /** null after the last line. @throws MANIFEST_UNREADABLE if the file has changed since the runs were found */
  next(bufferBytes: number): Promise<RunLine | null>;
}

const NEWLINE = 10;

/** Holds no file open between calls: there may be more runs than a process may open files. */
export const createRunReader = (run: SortedRun, { path, shown }: Pick<ResultFile, 'path' | 'shown'>): RunReader => {
  let buffer: Uint8Array = new Uint8Array(0);
  /** Of the buffer in the file, and of the next line in the buffer. */
  let [base, from] = [run.start, 0];
  const fill = async (bytes: number): Promise<void> => {
    const rest = buffer.subarray(from);
    base += from;
    from = 0;
    const wanted = Math.min(bytes, run.end - base - rest.length);
    const more = await withFile(path, 'results', (handle) => readUpTo(handle, base + rest.length, wanted)).catch(
      (cause: unknown) => {
        throw changed(shown, cause);
      },
    );
    if (more.length < wanted) throw changed(shown);
    buffer = rest.length === 0 ? more : Buffer.concat([rest, more]);
  };
  return {
    run,
    next: async (bufferBytes) => {
      if (base + from >= run.end) return null;
      let end = buffer.indexOf(NEWLINE, from);
      /* A line longer than the buffer doubles it. */
      while (end === -1 && base + buffer.length < run.end) {
        await fill(Math.max(bufferBytes, buffer.length - from));
        end = buffer.indexOf(NEWLINE, from);
      }
      const bytes = buffer.subarray(from, end === -1 ? buffer.length : end);
      const offset = base + from;
      from += bytes.length + 1;
      return { bytes, offset, record: parse(bytes, shown) };
    },
  };
};

/** The line was checked when its run was found. */
const parse = (bytes: Uint8Array, shown: string): ResultRecord => {
  try {
    const record = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
    ) as ResultRecord;
    if (typeof record.input_csv_name === 'string' && Number.isSafeInteger(record.row_number_per_file)) return record;
  } catch {
    /* Below. */
  }
  throw changed(shown);
};

const changed = (shown: string, cause?: unknown): Error =>
  unreadable(shown, 'it has changed while it was merged. Wait until its run has finished, and merge again', cause);
