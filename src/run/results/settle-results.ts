/** Rewrites the results at the end of a resumed or appended run: the newest line of each row, in the order of rows. */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { closeFile } from '../../io/files/close-file.js';
import { openFile } from '../../io/files/open-file.js';
import type { ResultRecord } from '../../records/result.js';
import { readLineAt, readRecordsWithPositions } from './earlier-results.js';
import { outputUnwritable } from './output-error.js';
import type { LinePosition } from './read-lines.js';
import type { Settled } from './run-state.js';
import { writeAtomically } from './write-atomically.js';

export interface Settling {
  /** Bytes that the run was appended to: their lines stay, except for rows with a newer line. */
  base: number;
  /** Byte offset of the run's own lines. */
  begin: number;
  /** Whether the run reached its last row: then the lines between `base` and `begin` are not needed. */
  isWhole: boolean;
  /** Whether `base` has an earlier run of the inputs: then rows without a digest are matched by their content. */
  knowsInputs: boolean;
  /** Whether the lines of an output are dropped. */
  isDropped: (output: string) => boolean;
  /** Records the final sizes before the results lose lines of `base`, so that a kill in between can be recovered. */
  beforeReplace: (settled: Settled) => Promise<void>;
}

/** Opened at the first read: a stream that fails before it has a listener ends the process. */
async function* linesOf(path: string, start: number, end = Infinity): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>;
}

const originOf = ({ input_csv_name: input, row_number_per_file: row }: ResultRecord): string =>
  JSON.stringify([input, row]);

/** Keys of which lines of the same row share at least one. An output never equals an origin, which has quotes. */
const keysOf = (record: ResultRecord): string[] => [
  record.image_file_name ?? originOf(record),
  ...(record.digest === null ? [] : [record.digest]),
];

/** Key for an unreadable row, independent of its place in the input. */
const contentKeyOf = ({ input_csv_name: input, image, prompt, id, row_number_per_file: row }: ResultRecord): string =>
  JSON.stringify([input, image ?? row, prompt, id]);

/**
 * Brings a journal to its final form atomically. Memory: keys and positions of lines, some hundred bytes per row.
 * @returns remaining bytes of `base`
 * @throws OUTPUT_UNWRITABLE
 */
export const settleResults = async (path: string, settling: Settling): Promise<number> => {
  const { base, begin, isWhole, beforeReplace } = settling;
  if (base === 0 && isWhole) {
    if (begin > 0) await writeAtomically(path, linesOf(path, begin));
    return 0;
  }
  const handle = await openFile(path, 'results').catch((cause: unknown) => {
    throw outputUnwritable(path, cause);
  });
  try {
    const retired = base > 0 ? await findRetired(handle, settling) : [];
    if (begin > base || retired.length > 0) {
      const unreplaced = isWhole ? [] : await findUnreplaced(handle, settling);
      const left = base - bytesOf(retired);
      if (left < base)
        await beforeReplace({ base: left, size: left + (await handle.stat()).size - begin + bytesOf(unreplaced) });
      await writeAtomically(path, settledLines(path, handle, { ...settling, retired, unreplaced }));
    }
    return base - bytesOf(retired);
  } finally {
    await closeFile(handle);
  }
};

/** Size of lines with their newlines. */
const bytesOf = (places: readonly LinePosition[]): number => places.reduce((sum, [, length]) => sum + length + 1, 0);

async function* settledLines(
  path: string,
  handle: FileHandle,
  { base, begin, retired, unreplaced }: Settling & Record<'retired' | 'unreplaced', readonly LinePosition[]>,
): AsyncGenerator<Uint8Array | string> {
  let kept = 0;
  for (const [offset, length] of retired) {
    if (offset > kept) yield* linesOf(path, kept, offset);
    kept = offset + length + 1;
  }
  if (base > kept) yield* linesOf(path, kept, base);
  yield* linesOf(path, begin);
  for (const place of unreplaced) {
    yield await readLineAt(handle, place);
    yield '\n';
  }
}

/** Lines of `base` whose rows ran again in this run. */
const findRetired = async (handle: FileHandle, { base, begin, knowsInputs }: Settling): Promise<LinePosition[]> => {
  const own = new Set<string>();
  for await (const [, record] of readRecordsWithPositions(handle, begin)) {
    if (record.digest !== null) own.add(record.digest);
    if (knowsInputs) own.add(contentKeyOf(record));
  }
  const retired: LinePosition[] = [];
  for await (const [place, record] of readRecordsWithPositions(handle)) {
    if (place[0] >= base) break;
    if (own.has(record.digest ?? contentKeyOf(record))) retired.push(place);
  }
  return retired;
};

/** Lines between `base` and `begin` that this run did not replace. A newer line takes the position of the older one. */
const findUnreplaced = async (handle: FileHandle, { base, begin, isDropped }: Settling): Promise<LinePosition[]> => {
  const own = new Set<string>();
  for await (const [, record] of readRecordsWithPositions(handle, begin)) {
    for (const key of [originOf(record), ...keysOf(record)]) own.add(key);
  }
  const unreplaced = new Map<string, LinePosition>();
  for await (const [place, record] of readRecordsWithPositions(handle, base)) {
    if (place[0] >= begin) break;
    const keys = keysOf(record);
    const isOutputDropped = record.image_file_name !== null && isDropped(record.image_file_name);
    if (!isOutputDropped && !keys.some((key) => own.has(key))) unreplaced.set(keys[0] ?? '', place);
  }
  return [...unreplaced.values()];
};
