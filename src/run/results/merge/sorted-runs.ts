/** Divides results files into runs of lines that are in order: a finished file is one, the journal of a resumed run several. */
import { isRefineError, messageOf, RefineError } from '../../../errors.js';
import { closeFile } from '../../../io/files/close-file.js';
import { openFile } from '../../../io/files/open-file.js';
import type { ResultRecord } from '../../../records/result.js';
import { readJournalLines } from '../read-lines.js';
import { faultsOf, readRecord, type OnInvalidLine } from '../read-results.js';
import type { InputNames } from './input-order.js';
import type { ResultFile } from './result-file.js';
import { comparePlaces, copyOf, type RowPlace } from './row-place.js';

/** Lines of one file, all of them results, each after the one before it or of the same place. */
export interface SortedRun {
  /** Number of the file. */
  file: number;
  /** In bytes. */
  start: number;
  end: number;
  /** `input` is a number of `InputNames`. */
  first: RowPlace;
}

/** Each has some hundred bytes in memory. A killed run adds one or two. */
const MAX_RUNS = 200_000;

/**
 * Reads a file once.
 * @param runs gets the runs of the file
 * @param onRecord called with each result and its 1-based line
 * @throws MANIFEST_UNREADABLE
 */
export const findSortedRuns = async (
  { path, shown, file }: Pick<ResultFile, 'path' | 'shown'> & { file: number },
  names: InputNames,
  runs: SortedRun[],
  { onRecord, onInvalidLine }: { onRecord: (record: ResultRecord, line: number) => void; onInvalidLine: OnInvalidLine },
): Promise<void> => {
  const onFault = faultsOf(path, onInvalidLine);
  let run: SortedRun | null = null;
  let last: RowPlace | null = null;
  /** Inputs of the run: a return to one of them begins another run. */
  const inputs = new Set<number>();
  try {
    const handle = await openFile(path, 'results');
    try {
      for await (const line of readJournalLines(handle)) {
        const parsed = readRecord(line);
        if (parsed === null || 'fault' in parsed) {
          if (parsed !== null) onFault(line, parsed.fault);
          run = null;
          continue;
        }
        const { record } = parsed;
        onRecord(record, line.number);
        const [start, length] = line.place;
        const place = {
          input: names.idOf(record.input_csv_name),
          row: record.row_number_per_file,
          copy: copyOf(record),
        };
        const isNext =
          last !== null && (place.input === last.input ? comparePlaces(place, last) >= 0 : !inputs.has(place.input));
        if (isNext && last !== null && place.input !== last.input) names.follow(last.input, place.input);
        if (!isNext) inputs.clear();
        inputs.add(place.input);
        last = place;
        if (run === null || !isNext) {
          if (runs.length === MAX_RUNS) throw unordered(shown);
          run = { file, start, end: 0, first: place };
          runs.push(run);
        }
        run.end = start + length;
      }
    } finally {
      await closeFile(handle);
    }
  } catch (error) {
    throw isRefineError(error) ? error : unreadable(shown, messageOf(error), error);
  }
};

/** @param shown of the file: its path may be that of a copy */
export const unreadable = (shown: string, what: string, cause?: unknown): RefineError =>
  new RefineError('MANIFEST_UNREADABLE', `Expected ${shown} to be the results of a run: ${what}`, {
    context: { path: shown },
    ...(cause === undefined ? {} : { cause }),
  });

const unordered = (shown: string): RefineError =>
  unreadable(
    shown,
    `its rows are out of order in more than ${MAX_RUNS} places. Let each run finish (--resume), which brings its results into order.`,
  );
