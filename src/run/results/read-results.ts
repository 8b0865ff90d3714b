/** Reads `results.jsonl` back. */
import type { FileHandle } from 'node:fs/promises';
import { RefineError, isRefineError, messageOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { openFile } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records/result.js';
import { startsLikeResult, parseRecord, type ParsedLine } from './parse-record.js';
import { readJournalLines, type JournalLine, type LinePosition } from './read-lines.js';

/** A line that is not a result and is skipped. */
export interface InvalidLine {
  path: string;
  /** 1-based. */
  line: number;
  /** Follows the line's place: `lacks "status"`. */
  what: string;
}

export type OnInvalidLine = (fault: InvalidLine) => void;

export const faultsOf =
  (path: string, onInvalidLine: OnInvalidLine) =>
  ({ number }: JournalLine, what: string): void => {
    onInvalidLine({ path, line: number, what });
  };

/** null if the line is blank, or the torn end of a killed run. */
export const readRecord = ({ bytes, isWhole, place: [, length] }: JournalLine): ParsedLine | null => {
  if (bytes === null) return { fault: `has ${length} bytes, more than a result can have` };
  if (isBlank(bytes)) return null;
  const parsed = parseRecord(bytes);
  return 'fault' in parsed && !isWhole && startsLikeResult(bytes) ? null : parsed;
};

/** JSON's white space (RFC 8259, section 2). */
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

/**
 * Streams the records of a journal in order. Skips blank lines, a torn last line, and lines that are not results.
 *
 * @param onInvalidLine called with each line that is not a result
 * @throws RefineError MANIFEST_UNREADABLE if the file cannot be read
 */
export async function* readResults(
  path: string,
  onInvalidLine: OnInvalidLine = () => undefined,
): AsyncGenerator<ResultRecord> {
  const onFault = faultsOf(path, onInvalidLine);
  try {
    const handle = await openFile(path, 'results');
    try {
      for await (const line of readJournalLines(handle)) {
        const parsed = readRecord(line);
        if (parsed === null) continue;
        if ('fault' in parsed) onFault(line, parsed.fault);
        else yield parsed.record;
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

/** The results of a journal with their positions. @param start offset of a line */
export async function* readRecordsWithPositions(
  handle: FileHandle,
  start = 0,
  onInvalidLine: (line: JournalLine, fault: string) => void = () => undefined,
): AsyncGenerator<readonly [LinePosition, ResultRecord]> {
  for await (const line of readJournalLines(handle, start)) {
    const parsed = readRecord(line);
    if (parsed === null) continue;
    if ('fault' in parsed) onInvalidLine(line, parsed.fault);
    else yield [line.place, parsed.record];
  }
}
