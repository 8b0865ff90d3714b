/** The end of a run that went on where another had stopped: one line a row, the newest, in the rows' order. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ResultRecord } from '../records.js';
import { readAt, readPlaces, type Place } from './earlier-results.js';
import { outputUnwritable } from './output-error.js';
import { writeAtomically } from './write-atomically.js';

const linesFrom = (path: string, offset: number): AsyncIterable<Buffer> =>
  createReadStream(path, { start: offset }) as AsyncIterable<Buffer>;

/** Replaces a file by what it has from `offset` on, whole or not at all. @throws OUTPUT_UNWRITABLE */
export const keepFrom = (path: string, offset: number): Promise<void> => writeAtomically(path, linesFrom(path, offset));

const originOf = ({ input_csv_name: input, row_number_per_file: row }: ResultRecord): string =>
  JSON.stringify([input, row]);

/** What another line of the same row shares one of. No output is called like an origin: it has quotes. */
const marksOf = (record: ResultRecord): string[] => [
  record.image_file_name ?? originOf(record),
  ...(record.digest === null ? [] : [record.digest]),
];

/**
 * The same for a run that did not come to the last row: its lines, which are of the first rows, then those of earlier runs
 * that it has none instead of. Memory: marks and places of lines, some hundred bytes a row.
 * @throws OUTPUT_UNWRITABLE
 */
export const keepNewest = async (path: string, offset: number): Promise<void> => {
  const handle = await open(path).catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });
  try {
    const own = new Set<string>();
    for await (const [, record] of readPlaces(handle, offset)) {
      for (const mark of [originOf(record), ...marksOf(record)]) own.add(mark);
    }
    /* A line takes the place of an older one, which is where its row belongs. */
    const others = new Map<string, Place>();
    for await (const [place, record] of readPlaces(handle)) {
      if (place[0] >= offset) break;
      const marks = marksOf(record);
      if (!marks.some((mark) => own.has(mark))) others.set(marks[0] ?? '', place);
    }
    const lines = async function* (): AsyncGenerator<Uint8Array | string> {
      yield* linesFrom(path, offset);
      for (const place of others.values()) yield `${await readAt(handle, place)}\n`;
    };
    await writeAtomically(path, lines());
  } finally {
    await handle.close();
  }
};
