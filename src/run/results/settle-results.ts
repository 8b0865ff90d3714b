/** Rewrites the results at the end of a resumed or appended run: the newest line of each row, in the order of rows. */
import type { FileHandle } from 'node:fs/promises';
import { closeFile } from '../../io/files/close-file.js';
import { openFile, readUpTo } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records/result.js';
import { createNameTable, keyOf, type NameKey, type NameTable } from '../../io/files/name-table.js';
import { outputUnwritable } from './output-error.js';
import { readLineFrom, type LinePosition } from './read-lines.js';
import { copyOf } from './merge/row-place.js';
import { readRecordsWithPositions } from './read-results.js';
import type { Settled } from './run-state.js';
import { writeAtomically } from './write-atomically.js';

export interface Settling {
  /** Bytes that the run was appended to: their lines stay, except for rows with a newer line. */
  base: number;
  /** Byte offset of the run's own lines. */
  begin: number;
  /** Whether the run's lines stand for all rows between `base` and `begin`: then the lines there are not needed. */
  isWhole: boolean;
  /** Whether `base` has an earlier run of the inputs: then rows without a digest are matched by their content. */
  knowsInputs: boolean;
  /** Whether the lines of an output are dropped. */
  isDropped: (output: string) => boolean;
  /** Records the final sizes before the results lose lines of `base`, so that a kill in between can be recovered. */
  beforeReplace: (settled: Settled) => Promise<void>;
}

/** With `generate`, a row has several pictures. */
const originOf = (record: ResultRecord): string =>
  JSON.stringify([record.input_csv_name, record.row_number_per_file, copyOf(record)]);

/** Keys of which lines of the same row share at least one. An output never equals an origin, which has quotes. */
const keysOf = (record: ResultRecord): string[] => [
  record.image_file_name ?? originOf(record),
  ...(record.digest === null ? [] : [record.digest]),
];

/** Key for an unreadable row, independent of its place in the input. */
const contentKeyOf = (record: ResultRecord): string => {
  const { input_csv_name: input, image, prompt, id, row_number_per_file: row } = record;
  return JSON.stringify([input, image ?? row, prompt, id, copyOf(record)]);
};

/**
 * Brings a journal to its final form atomically. Memory: tables of some megabytes, which leave memory when there are many rows.
 * @returns remaining bytes of `base`
 * @throws OUTPUT_UNWRITABLE
 */
export const settleResults = async (path: string, settling: Settling): Promise<number> => {
  const { base, begin, isWhole, beforeReplace } = settling;
  if (base === 0 && begin === 0) return 0;
  const handle = await openFile(path, 'results').catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });
  const tables: NameTable[] = [];
  const newTable = (): NameTable => {
    const table = createNameTable();
    tables.push(table);
    return table;
  };
  try {
    const rerun = newTable();
    if (base > 0) await findRerun(handle, settling, rerun);
    const retired = (): AsyncIterable<LinePosition> => retiredLines(handle, settling, rerun);
    const unreplaced = isWhole ? null : await findUnreplaced(handle, settling, newTable);
    const keptLines = async function* (): AsyncGenerator<Uint8Array> {
      if (unreplaced !== null) yield* unreplacedLines(handle, settling, unreplaced, newTable());
    };
    const left = base - (base > 0 ? await bytesOf(retired()) : 0);
    if (begin > base || left < base) {
      if (left < base) {
        let kept = 0;
        for await (const line of keptLines()) kept += line.length;
        await beforeReplace({ base: left, size: left + (await handle.stat()).size - begin + kept });
      }
      const lines = async function* (): AsyncGenerator<Uint8Array> {
        if (left === base) yield* bytesBetween(handle, 0, base);
        else yield* withoutLines(handle, base, retired());
        yield* bytesBetween(handle, begin);
        yield* keptLines();
      };
      await writeAtomically(path, lines());
    }
    return left;
  } finally {
    for (const table of tables) table.close();
    await closeFile(handle);
  }
};

const NEWLINE = Buffer.from('\n');
const STEP_BYTES = 2 ** 20;

/** Size of lines with their newlines. */
const bytesOf = async (places: AsyncIterable<LinePosition>): Promise<number> => {
  let sum = 0;
  for await (const [, length] of places) sum += length + 1;
  return sum;
};

async function* bytesBetween(handle: FileHandle, start: number, end = Infinity): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += STEP_BYTES) {
    const bytes = await readUpTo(handle, at, Math.min(STEP_BYTES, end - at));
    if (bytes.length > 0) yield bytes;
    if (bytes.length < STEP_BYTES) return;
  }
}

/** The bytes before `end` without some lines. */
async function* withoutLines(
  handle: FileHandle,
  end: number,
  places: AsyncIterable<LinePosition>,
): AsyncGenerator<Uint8Array> {
  let kept = 0;
  for await (const [offset, length] of places) {
    yield* bytesBetween(handle, kept, offset);
    kept = offset + length + 1;
  }
  yield* bytesBetween(handle, kept, end);
}

/** Collects keys of the rows that ran in this run. */
const findRerun = async (handle: FileHandle, { begin, knowsInputs }: Settling, rerun: NameTable): Promise<void> => {
  for await (const [, record] of readRecordsWithPositions(handle, begin)) {
    if (record.digest !== null) rerun.set(keyOf(record.digest), 0);
    if (knowsInputs) rerun.set(keyOf(contentKeyOf(record)), 0);
  }
};

/** Lines of `base` whose rows ran again in this run. */
async function* retiredLines(handle: FileHandle, { base }: Settling, rerun: NameTable): AsyncGenerator<LinePosition> {
  for await (const [place, record] of readRecordsWithPositions(handle)) {
    if (place[0] >= base) return;
    if (rerun.get(keyOf(record.digest ?? contentKeyOf(record))) !== undefined) yield place;
  }
}

interface Unreplaced {
  /** Keys of this run's lines. */
  own: NameTable;
  /** Offset of the newest line that this run did not replace, by its first key. */
  newest: NameTable;
}

/** Finds the lines between `base` and `begin` that this run did not replace. */
const findUnreplaced = async (
  handle: FileHandle,
  settling: Settling,
  newTable: () => NameTable,
): Promise<Unreplaced> => {
  const [own, newest] = [newTable(), newTable()];
  for await (const [, record] of readRecordsWithPositions(handle, settling.begin)) {
    for (const key of [originOf(record), ...keysOf(record)]) own.set(keyOf(key), 0);
  }
  for await (const [key, offset] of unreplacedKeys(handle, settling, own)) newest.set(key, offset);
  return { own, newest };
};

async function* unreplacedKeys(
  handle: FileHandle,
  { base, begin, isDropped }: Settling,
  own: NameTable,
): AsyncGenerator<[first: NameKey, offset: number]> {
  for await (const [[offset], record] of readRecordsWithPositions(handle, base)) {
    if (offset >= begin) return;
    const { image_file_name: output } = record;
    const keys = keysOf(record).map(keyOf);
    const isKept = (output === null || !isDropped(output)) && keys.every((key) => own.get(key) === undefined);
    if (isKept && keys[0] !== undefined) yield [keys[0], offset];
  }
}

/** A newer line takes the position of the older one. @param yielded an empty table */
async function* unreplacedLines(
  handle: FileHandle,
  settling: Settling,
  { own, newest }: Unreplaced,
  yielded: NameTable,
): AsyncGenerator<Uint8Array> {
  for await (const [key] of unreplacedKeys(handle, settling, own)) {
    if (yielded.get(key) !== undefined) continue;
    yielded.set(key, 0);
    yield Buffer.concat([await readLineFrom(handle, newest.get(key) ?? 0), NEWLINE]);
  }
}
