/** Finds results in a journal of earlier runs, by digest and by output, without keeping them in memory. */
import { isRefineError } from '../../errors.js';
import { closeFile } from '../../io/files/close-file.js';
import type { ResultRecord } from '../../records/result.js';
import { createNameTable, keyOf } from '../../io/files/name-table.js';
import { namesOf } from './listed-outputs.js';
import { openEarlierJournal } from './open-earlier-journal.js';
import { outputUnwritable } from './output-error.js';
import { parseRecord } from './parse-record.js';
import { readLineFrom } from './read-lines.js';
import { faultsOf, readRecordsWithPositions, type OnInvalidLine } from './read-results.js';

export interface EarlierResult {
  record: ResultRecord;
  /** Byte offset of its line. */
  offset: number;
}

export interface EarlierResults {
  /**
   * The last result of a row with this digest; null if there is none. Also null if a newer line lists one of its files: a run with
   * other settings has replaced that file.
   */
  find(digest: string): Promise<EarlierResult | null>;
  /** The newest result that lists this file; null if there is none, or after `take`. */
  findOutput(name: string): Promise<EarlierResult | null>;
  /** Call for each file that a line of this run lists, or that is to be listed no longer. */
  take(name: string): void;
  /** Files of the lines from byte `from` that nothing has taken. */
  readonly untaken: number;
  /** Whether there are lines that are not results. */
  readonly hasFaults: boolean;
  close(): Promise<void>;
}

export interface IndexOptions {
  /** Byte offset of the lines whose files are counted as untaken: those before it stay. Default: 0. */
  from?: number;
  /** Called with each line that is not a result. */
  onInvalidLine?: OnInvalidLine;
}

const NO_RESULTS: EarlierResults = {
  find: () => Promise.resolve(null),
  findOutput: () => Promise.resolve(null),
  take: () => undefined,
  untaken: 0,
  hasFaults: false,
  close: () => Promise.resolve(),
};

/** In the table of files, in place of a line's offset, which counts from 1 there. */
const TAKEN = 0;

/**
 * Reads a journal once. Memory: two tables of some megabytes, which leave memory when there are many rows.
 * @throws OUTPUT_UNWRITABLE if there is a journal that cannot be read
 */
export const openEarlierResults = async (
  path: string,
  { from = 0, onInvalidLine = () => undefined }: IndexOptions = {},
): Promise<EarlierResults> => {
  const handle = await openEarlierJournal(path);
  if (handle === null) return NO_RESULTS;
  /* Offsets of the last lines. */
  const [digests, files] = [createNameTable(), createNameTable()];
  const close = async (): Promise<void> => {
    digests.close();
    files.close();
    await closeFile(handle);
  };
  let hasFaults = false;
  let untaken = 0;
  const onFault: OnInvalidLine = (fault) => {
    hasFaults = true;
    onInvalidLine(fault);
  };
  try {
    for await (const [[offset], record] of readRecordsWithPositions(handle, 0, faultsOf(path, onFault))) {
      if (record.digest !== null) digests.set(keyOf(record.digest), offset);
      for (const name of namesOf(record)) {
        const key = keyOf(name);
        if (offset >= from && (files.get(key) ?? TAKEN) <= from) untaken++;
        files.set(key, offset + 1);
      }
    }
  } catch (cause) {
    await close();
    throw isRefineError(cause) ? cause : outputUnwritable(path, cause);
  }
  const read = async (offset: number): Promise<EarlierResult | null> => {
    const parsed = parseRecord(await readLineFrom(handle, offset));
    return 'record' in parsed ? { record: parsed.record, offset } : null;
  };
  return {
    async find(digest) {
      const offset = digests.get(keyOf(digest));
      const found = offset === undefined ? null : await read(offset);
      if (found === null || found.record.digest !== digest) return null;
      return namesOf(found.record).every((name) => files.get(keyOf(name)) === found.offset + 1) ? found : null;
    },
    async findOutput(name) {
      const place = files.get(keyOf(name)) ?? TAKEN;
      const found = place === TAKEN ? null : await read(place - 1);
      return found?.record.status === 'ok' && namesOf(found.record).includes(name) ? found : null;
    },
    take(name) {
      const key = keyOf(name);
      const place = files.get(key) ?? TAKEN;
      if (place === TAKEN) return;
      if (place > from) untaken--;
      files.set(key, TAKEN);
    },
    get untaken() {
      return untaken;
    },
    hasFaults,
    close,
  };
};
