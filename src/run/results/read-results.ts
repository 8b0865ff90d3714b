/** Reads `results.jsonl` back. */
import { RefineError, isRefineError, messageOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { openFile } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records/result.js';
import { startsLikeResult, parseRecord, type ParsedLine } from './parse-record.js';
import { readJournalLines, type JournalLine } from './read-lines.js';

/** A line that is no result, and is passed over. */
export interface InvalidLine {
  path: string;
  /** 1-based. */
  line: number;
  /** To follow the line's place: `lacks "status"`. */
  what: string;
}

export type OnInvalidLine = (fault: InvalidLine) => void;

export const faultsOf =
  (path: string, tell: OnInvalidLine) =>
  ({ number }: JournalLine, what: string): void => {
    tell({ path, line: number, what });
  };

/** null: it is blank, or the torn end that a run leaves which is killed. */
export const readRecord = ({ bytes, isWhole, place: [, length] }: JournalLine): ParsedLine | null => {
  if (bytes === null) return { fault: `has ${length} bytes, more than a result can have` };
  if (isBlank(bytes)) return null;
  const parsed = parseRecord(bytes);
  return 'fault' in parsed && !isWhole && startsLikeResult(bytes) ? null : parsed;
};

/** White space of JSON (RFC 8259, 2). */
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

/**
 * Streams the records of a journal in their order. Blank lines and a torn last line are passed over, and so are lines that are
 * no results.
 *
 * @param onInvalidLine is told of each line that is no result
 * @throws RefineError MANIFEST_UNREADABLE when the file cannot be read
 */
export async function* readResults(
  path: string,
  onInvalidLine: OnInvalidLine = () => undefined,
): AsyncGenerator<ResultRecord> {
  const tell = faultsOf(path, onInvalidLine);
  try {
    const handle = await openFile(path, 'results');
    try {
      for await (const line of readJournalLines(handle)) {
        const read = readRecord(line);
        if (read === null) continue;
        if ('fault' in read) tell(line, read.fault);
        else yield read.record;
      }
    } finally {
      await closeFile(handle);
    }
  } catch (error) {
    if (isRefineError(error)) throw error;
    throw new RefineError('MANIFEST_UNREADABLE', `Expected ${path} to be the results of a run: ${messageOf(error)}`, {
      context: { path },
      cause: error,
    });
  }
}
