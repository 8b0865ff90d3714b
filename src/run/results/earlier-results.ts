/** Finds the last result of a digest in a journal without keeping the results in memory. */
import type { FileHandle } from 'node:fs/promises';
import { closeFile } from '../../io/files/close-file.js';
import { readUpTo } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records/result.js';
import { openEarlierJournal } from './open-earlier-journal.js';
import { parseRecord } from './parse-record.js';
import { readJournalLines, type JournalLine, type LinePosition } from './read-lines.js';
import { faultsOf, readRecord, type OnInvalidLine } from './read-results.js';

export interface EarlierResult {
  record: ResultRecord;
  /** Byte offset of its line. */
  offset: number;
}

export interface EarlierResults {
  /** The last result of a row with this digest; null if there is none. */
  find(digest: string): Promise<EarlierResult | null>;
  /** Whether there are lines that are not results. */
  readonly hasFaults: boolean;
  close(): Promise<void>;
}

/**
 * Reads a journal once. Memory: a digest's first 13 digits and a position, some 60 bytes per row.
 * @param onInvalidLine called with each line that is not a result
 * @throws OUTPUT_UNWRITABLE if there is a journal that cannot be read
 */
export const openEarlierResults = async (
  path: string,
  onInvalidLine: OnInvalidLine = () => undefined,
): Promise<EarlierResults> => {
  const handle = await openEarlierJournal(path);
  if (handle === null) return { find: () => Promise.resolve(null), hasFaults: false, close: () => Promise.resolve() };
  const positions = new Map<number, LinePosition>();
  let hasFaults = false;
  const onFault: OnInvalidLine = (fault) => {
    hasFaults = true;
    onInvalidLine(fault);
  };
  for await (const [place, record] of readRecordsWithPositions(handle, 0, faultsOf(path, onFault))) {
    if (record.digest !== null) positions.set(keyOf(record.digest), place);
  }
  return {
    async find(digest) {
      const place = positions.get(keyOf(digest));
      if (place === undefined) return null;
      const parsed = parseRecord(await readLineAt(handle, place));
      return 'record' in parsed && parsed.record.digest === digest ? { record: parsed.record, offset: place[0] } : null;
    },
    hasFaults,
    close: () => closeFile(handle),
  };
};

/** 52 bits: a number, which a map stores without an object. `find` compares the whole digest. */
const keyOf = (digest: string): number => Number.parseInt(digest.slice(0, 13), 16);

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

/** The line at a position, without its newline. */
export const readLineAt = async (handle: FileHandle, [offset, length]: LinePosition): Promise<Uint8Array> =>
  readUpTo(handle, offset, length);
