/** What earlier runs left in a journal: for each digest its last result, found again without keeping the results in memory. */
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { openFile } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records.js';
import { outputUnwritable } from './output-error.js';
import { parseRecord } from './read-results.js';

export interface EarlierResult {
  record: ResultRecord;
  /** Where its line begins, in bytes. */
  offset: number;
}

export interface EarlierResults {
  /** The last result of a row with this digest; null: there is none. */
  find(digest: string): Promise<EarlierResult | null>;
  close(): Promise<void>;
}

/** Where a line lies in the journal. */
export type Place = readonly [offset: number, length: number];

const CHUNK_BYTES = 2 ** 20;
const NEWLINE = 10;

/**
 * Goes through a journal once. Memory: a digest's first 13 digits and a place, some 60 bytes a row.
 * @throws OUTPUT_UNWRITABLE when there is a journal that cannot be read
 */
export const openEarlierResults = async (path: string): Promise<EarlierResults> => {
  const handle = await openFile(path, 'results').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw outputUnwritable(path, cause);
  });
  if (handle === null) return { find: () => Promise.resolve(null), close: () => Promise.resolve() };
  const places = new Map<number, Place>();
  for await (const [place, record] of readPlaces(handle)) {
    if (record.digest !== null) places.set(keyOf(record.digest), place);
  }
  return {
    async find(digest) {
      const place = places.get(keyOf(digest));
      if (place === undefined) return null;
      const record = parseRecord(await readAt(handle, place));
      return record?.digest === digest ? { record, offset: place[0] } : null;
    },
    close: () => handle.close(),
  };
};

/** 52 bits: a number that a map keeps without an object. The whole digest is compared when a line is found. */
const keyOf = (digest: string): number => Number.parseInt(digest.slice(0, 13), 16);

/** The results of a journal with their places. @param start where a line begins */
export async function* readPlaces(handle: FileHandle, start = 0): AsyncGenerator<readonly [Place, ResultRecord]> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, start + rest.length);
    if (bytesRead === 0) return;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      const record = parseRecord(rest.toString('utf8', 0, end));
      if (record !== null) yield [[start, end], record];
      start += end + 1;
      rest = rest.subarray(end + 1);
    }
  }
}

/** The line at a place, without its end. */
export const readAt = async (handle: FileHandle, [offset, length]: Place): Promise<string> => {
  const line = Buffer.alloc(length);
  await handle.read(line, 0, length, offset);
  return line.toString('utf8');
};
