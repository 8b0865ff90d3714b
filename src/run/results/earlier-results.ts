/** Finds the last result of a digest in a journal without keeping the results in memory. */
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import { openFile, readUpTo } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records/result.js';
import { outputUnwritable } from './output-error.js';
import { parseRecord } from './parse-record.js';
import { readJournalLines, type JournalLine, type LinePosition } from './read-lines.js';
import { faultsOf, readRecord, type OnInvalidLine } from './read-results.js';

export interface EarlierResult {
  record: ResultRecord;
  /** Where its line begins, in bytes. */
  offset: number;
}

export interface EarlierResults {
  /** The last result of a row with this digest; null: there is none. */
  find(digest: string): Promise<EarlierResult | null>;
  /** Whether there are lines that are no results. */
  readonly hasFaults: boolean;
  close(): Promise<void>;
}

/**
 * Goes through a journal once. Memory: a digest's first 13 digits and a place, some 60 bytes a row.
 * @param onInvalidLine is told of each line that is no result
 * @throws OUTPUT_UNWRITABLE when there is a journal that cannot be read
 */
export const openEarlierResults = async (
  path: string,
  onInvalidLine: OnInvalidLine = () => undefined,
): Promise<EarlierResults> => {
  const handle = await openFile(path, 'results').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw outputUnwritable(path, cause);
  });
  if (handle === null) return { find: () => Promise.resolve(null), hasFaults: false, close: () => Promise.resolve() };
  const places = new Map<number, LinePosition>();
  let hasFaults = false;
  const tell: OnInvalidLine = (fault) => {
    hasFaults = true;
    onInvalidLine(fault);
  };
  for await (const [place, record] of readRecordsWithPositions(handle, 0, faultsOf(path, tell))) {
    if (record.digest !== null) places.set(keyOf(record.digest), place);
  }
  return {
    async find(digest) {
      const place = places.get(keyOf(digest));
      if (place === undefined) return null;
      const parsed = parseRecord(await readLineAt(handle, place));
      return 'record' in parsed && parsed.record.digest === digest ? { record: parsed.record, offset: place[0] } : null;
    },
    hasFaults,
    close: () => closeFile(handle),
  };
};

/** 52 bits: a number that a map keeps without an object. The whole digest is compared when a line is found. */
const keyOf = (digest: string): number => Number.parseInt(digest.slice(0, 13), 16);

/** The results of a journal with their places. @param start where a line begins */
export async function* readRecordsWithPositions(
  handle: FileHandle,
  start = 0,
  onInvalidLine: (line: JournalLine, fault: string) => void = () => undefined,
): AsyncGenerator<readonly [LinePosition, ResultRecord]> {
  for await (const line of readJournalLines(handle, start)) {
    const read = readRecord(line);
    if (read === null) continue;
    if ('fault' in read) onInvalidLine(line, read.fault);
    else yield [line.place, read.record];
  }
}

/** The line at a place, without its end. */
export const readLineAt = async (handle: FileHandle, [offset, length]: LinePosition): Promise<Uint8Array> =>
  readUpTo(handle, offset, length);
