/** Merges sorted runs into one order. Memory: a fixed sum of buffers, whatever the size of the files. */
import { createHeap } from './heap.js';
import { createRunReader, type RunLine, type RunReader } from './read-run.js';
import type { ResultFile } from './result-file.js';
import { comparePlaces, copyOf, type RowPlace } from './row-place.js';
import type { SortedRun } from './sorted-runs.js';

/** A line of a file. */
export interface PlacedLine extends RunLine {
  place: RowPlace;
  /** Number of its file. */
  file: number;
}

/** Of all runs that are read side by side. */
const BUFFERS_BYTES = 64 * 2 ** 20;
const MIN_BUFFER_BYTES = 2 * 2 ** 10;
const MAX_BUFFER_BYTES = 2 ** 20;
/** Of a run that has just begun, when it is not known how many others begin with it. */
const FIRST_BUFFER_BYTES = 64 * 2 ** 10;

const shareOf = (runs: number, most: number): number =>
  Math.min(most, Math.max(MIN_BUFFER_BYTES, Math.floor(BUFFERS_BYTES / runs)));

interface ActiveRun {
  reader: RunReader;
  head: PlacedLine;
}

/**
 * The lines of all runs in the order of their places; those of one place together, in the order of files and of lines in a file.
 *
 * @param runs their `first.input` is the position of the input, as `inputOf` gives it
 * @throws MANIFEST_UNREADABLE
 */
export async function* mergeRuns(
  runs: readonly SortedRun[],
  { files, inputOf, signal }: { files: readonly ResultFile[]; inputOf: (name: string) => number; signal: AbortSignal },
): AsyncGenerator<readonly PlacedLine[]> {
  const waiting = [...runs].sort((a, b) => comparePlaces(a.first, b.first));
  const active = createHeap<ActiveRun>(
    ({ head: a }, { head: b }) => comparePlaces(a.place, b.place) || a.file - b.file || a.offset - b.offset,
  );
  const advance = async (reader: RunReader, bufferBytes: number): Promise<void> => {
    const line = await reader.next(bufferBytes);
    if (line === null) return;
    const { input_csv_name: name, row_number_per_file: row } = line.record;
    const place = { input: inputOf(name), row, copy: copyOf(line.record) };
    active.push({ reader, head: { ...line, place, file: reader.run.file } });
  };
  let begun = 0;
  let group: PlacedLine[] = [];
  for (;;) {
    for (let next = waiting[begun]; next !== undefined; next = waiting[begun]) {
      const least = active.peek();
      if (least !== undefined && comparePlaces(next.first, least.head.place) > 0) break;
      begun++;
      const file = files[next.file];
      if (file !== undefined) await advance(createRunReader(next, file), shareOf(runs.length, FIRST_BUFFER_BYTES));
    }
    const least = active.pop();
    if (least === undefined) break;
    signal.throwIfAborted();
    const [previous] = group;
    if (previous !== undefined && comparePlaces(previous.place, least.head.place) !== 0) {
      yield group;
      group = [];
    }
    group.push(least.head);
    await advance(least.reader, shareOf(active.size + 1, MAX_BUFFER_BYTES));
  }
  if (group.length > 0) yield group;
}
