/** Rewrites the results at the end of a resumed or appended run: one line per row, the newest, in the order of the rows. */
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
  /** Bytes that the run was appended to: lines there stay, but for those of rows that have a newer one. */
  base: number;
  /** Where the run's own lines begin. */
  begin: number;
  /** The run came to its last row: of what is between, nothing is needed. */
  isWhole: boolean;
  /** The inputs had a run before this one in `base`: a row of theirs without a digest is known by what it says. */
  knowsInputs: boolean;
  /** Outputs whose lines go. */
  isDropped: (output: string) => boolean;
  /** Records the final sizes before the results lose lines of `base`, so that a kill in between can be recovered. */
  beforeReplace: (settled: Settled) => Promise<void>;
}

/** Opened when the first is taken: a stream that fails before anyone listens ends the process. */
async function* linesOf(path: string, start: number, end = Infinity): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>;
}

const originOf = ({ input_csv_name: input, row_number_per_file: row }: ResultRecord): string =>
  JSON.stringify([input, row]);

/** What another line of the same row shares one of. No output is called like an origin: it has quotes. */
const keysOf = (record: ResultRecord): string[] => [
  record.image_file_name ?? originOf(record),
  ...(record.digest === null ? [] : [record.digest]),
];

/** What a row says that could not be read, wherever it stands now. */
const contentKeyOf = ({ input_csv_name: input, image, prompt, id, row_number_per_file: row }: ResultRecord): string =>
  JSON.stringify([input, image ?? row, prompt, id]);

/**
 * Brings a journal to its final form, whole or not at all. Memory: marks and places of lines, some hundred bytes a row.
 * @returns how many bytes of `base` are left
 * @throws OUTPUT_UNWRITABLE
 */
export const settleResults = async (path: string, settling: Settling): Promise<number> => {
  const { base, begin, isWhole, beforeReplace: announce } = settling;
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
      const others = isWhole ? [] : await findUnreplaced(handle, settling);
      const left = base - bytesOf(retired);
      if (left < base)
        await announce({ base: left, size: left + (await handle.stat()).size - begin + bytesOf(others) });
      await writeAtomically(path, settledLines(path, handle, { ...settling, retired, others }));
    }
    return base - bytesOf(retired);
  } finally {
    await closeFile(handle);
  }
};

/** Of lines with their ends. */
const bytesOf = (places: readonly LinePosition[]): number => places.reduce((sum, [, length]) => sum + length + 1, 0);

async function* settledLines(
  path: string,
  handle: FileHandle,
  { base, begin, retired, others }: Settling & Record<'retired' | 'others', readonly LinePosition[]>,
): AsyncGenerator<Uint8Array | string> {
  let kept = 0;
  for (const [offset, length] of retired) {
    if (offset > kept) yield* linesOf(path, kept, offset);
    kept = offset + length + 1;
  }
  if (base > kept) yield* linesOf(path, kept, base);
  yield* linesOf(path, begin);
  for (const place of others) {
    yield await readLineAt(handle, place);
    yield '\n';
  }
}

/** Lines of `base` whose rows this run did again. */
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

/** Lines between `base` and `begin` that the run has none instead of. A line takes the place of an older one, which is where its row belongs. */
const findUnreplaced = async (handle: FileHandle, { base, begin, isDropped }: Settling): Promise<LinePosition[]> => {
  const own = new Set<string>();
  for await (const [, record] of readRecordsWithPositions(handle, begin)) {
    for (const mark of [originOf(record), ...keysOf(record)]) own.add(mark);
  }
  const others = new Map<string, LinePosition>();
  for await (const [place, record] of readRecordsWithPositions(handle, base)) {
    if (place[0] >= begin) break;
    const marks = keysOf(record);
    const isGone = record.image_file_name !== null && isDropped(record.image_file_name);
    if (!isGone && !marks.some((mark) => own.has(mark))) others.set(marks[0] ?? '', place);
  }
  return [...others.values()];
};
