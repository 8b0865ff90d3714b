/** Merges the results files of a run into one, in the order of its inputs. */
import { listSome, RefineError } from '../../../errors.js';
import type { ResultRecord } from '../../../records/result.js';
import type { OnInvalidLine } from '../read-results.js';
import { addToSummary, emptySummary, type Summary } from '../summary.js';
import { writeAtomically, writeNew } from '../write-atomically.js';
import { expectOneRun, gapsOf, mixed } from './check-files.js';
import { chooseLine, newestOfFiles, rowsAt, type Keep } from './choose-line.js';
import { createHoleFinder, type Holes } from './find-holes.js';
import type { ResultFile } from './result-file.js';
import { createInputNames } from './input-order.js';
import { mergeRuns, type PlacedLine } from './merge-runs.js';
import { findSortedRuns, type SortedRun } from './sorted-runs.js';

export interface MergeOptions {
  files: readonly ResultFile[];
  /** Absolute. */
  output: string;
  /** Whether an existing file there is replaced. */
  replaces: boolean;
  /** Among lines of one row in several files; null: refuse. */
  keep: Keep | null;
  allowsHoles: boolean;
  allowsMixed: boolean;
  /** Rows that the whole run has; null: unknown. */
  rows: number | null;
  signal: AbortSignal;
  onInvalidLine: OnInvalidLine;
  /** Called with the number of rows so far, now and then. */
  report: (rows: number) => void;
}

export interface Merged {
  summary: Summary;
  /** Rows that several files had. */
  doubles: number;
  /** Why rows are, or may be, missing; only with `allowsHoles`. */
  holes: readonly string[];
}

/** @throws MANIFEST_UNREADABLE MERGE_MIXED MERGE_DOUBLES MERGE_HOLES OUTPUT_TAKEN OUTPUT_UNWRITABLE; nothing is written then */
export const mergeResults = async (options: MergeOptions): Promise<Merged> => {
  const { files, output, replaces, allowsMixed, signal, onInvalidLine } = options;
  if (!allowsMixed) await expectOneRun(files);
  const names = createInputNames();
  const runs: SortedRun[] = [];
  const models = new Map<string, string>();
  for (const [file, { path, shown }] of files.entries()) {
    const onRecord = (record: ResultRecord, line: number): void => {
      signal.throwIfAborted();
      if (allowsMixed) return;
      const model = modelOf(record);
      if (models.has(model)) return;
      models.set(model, `${shown}:${line}`);
      expectOneModel(models);
    };
    await findSortedRuns({ path, shown, file }, names, runs, {
      onRecord,
      onInvalidLine: (fault) => {
        onInvalidLine({ ...fault, path: shown });
      },
    });
  }
  const positions = names.order();
  const positionOf = (input: number): number => positions[input] ?? 0;
  const placed = runs.map((run) => ({ ...run, first: { ...run.first, input: positionOf(run.first.input) } }));
  const tally = createTally(options);
  const groups = mergeRuns(placed, {
    files,
    inputOf: (name) => positionOf(names.idOf(name)),
    signal,
  });
  async function* lines(): AsyncGenerator<Uint8Array> {
    let pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const group of groups) {
      for (const { bytes: line } of tally.keep(group)) {
        pieces.push(line, NEWLINE);
        bytes += line.length + 1;
      }
      if (bytes < WRITTEN_BYTES) continue;
      yield Buffer.concat(pieces, bytes);
      [pieces, bytes] = [[], 0];
    }
    await tally.expectComplete();
    yield Buffer.concat(pieces, bytes);
  }
  await (replaces ? writeAtomically : writeNew)(output, lines());
  return tally.merged;
};

const NEWLINE = Buffer.from('\n');
/** Lines are written together. */
const WRITTEN_BYTES = 2 ** 20;
/** Rows between two reports. */
const REPORTED = 10_000;
/** Doubles that a message lists. */
const LISTED = 5;

const modelOf = ({ model, base_model: base }: ResultRecord): string =>
  base === undefined ? model : `${base} with ${model}`;

const expectOneModel = (models: ReadonlyMap<string, string>): void => {
  const [one, other] = [...models].map(([model, place]) => `"${model}" (${place})`);
  if (other !== undefined)
    throw mixed(`results of one model, found ${one ?? ''} and ${other}`, 'Merge each run by itself');
};

interface Tally {
  /** The lines of a place that are kept; none once something is found that is refused. */
  keep(lines: readonly PlacedLine[]): readonly PlacedLine[];
  /** @throws what is refused, with its number: to be called after the last row */
  expectComplete(): Promise<void>;
  readonly merged: Merged;
}

const createTally = ({ files, keep, allowsHoles, allowsMixed, rows, report }: MergeOptions): Tally => {
  const holeFinder = createHoleFinder();
  let summary = emptySummary();
  let doubles = 0;
  const examples: string[] = [];
  let holes: readonly string[] = [];
  let isRefused = false;
  const pathOf = ({ file }: PlacedLine): string => files[file]?.shown ?? '';
  const keepOne = (all: readonly PlacedLine[]): PlacedLine[] => {
    const newest = newestOfFiles(all);
    const chosen = chooseLine(newest, keep ?? 'first');
    if (chosen === undefined) return [];
    const { row_number_per_file: row, input_csv_name: name } = chosen.record;
    if (newest.length > 1) {
      doubles++;
      isRefused ||= keep === null;
      if (examples.length < LISTED) examples.push(`row ${row} of ${name} in ${listSome(newest.map(pathOf))}`);
    }
    summary = addToSummary(summary, chosen.record);
    if (summary.rows % REPORTED === 0) report(summary.rows);
    holeFinder.see(chosen.record);
    isRefused ||= holeFinder.rows + holeFinder.pictures > 0 && !allowsHoles;
    return [chosen];
  };
  return {
    keep: (lines) => {
      const atPlace = rowsAt(lines);
      const [one, other] = atPlace.map(([first]) => first);
      if (one !== undefined && other !== undefined && !allowsMixed) throw differentRows(one, other, pathOf);
      const kept = atPlace.flatMap(keepOne);
      return isRefused ? [] : kept;
    },
    expectComplete: async () => {
      if (doubles > 0 && keep === null) {
        throw new RefineError(
          'MERGE_DOUBLES',
          `Expected each row in one file, found ${doubles} in several: ${listSome(examples, LISTED, doubles)}. Name each results file once, or choose with --keep first, last or ok.`,
        );
      }
      holes = [
        ...(rows !== null && rows !== summary.rows ? [`${summary.rows} of ${rows} rows are there`] : []),
        ...missingText(holeFinder),
        ...(await gapsOf(files)),
      ];
      if (holes.length > 0 && !allowsHoles) {
        throw new RefineError(
          'MERGE_HOLES',
          `Expected every row of the run, found holes: ${holes.join('; ')}. Name all results files, let the runs finish with --resume, or give --allow-holes. Rows are counted from 0, as row_number_per_file.`,
        );
      }
    },
    get merged() {
      return { summary, doubles, holes };
    },
  };
};

const missingText = ({ rows, pictures, ranges }: Holes): string[] => {
  const counts = [
    ...(rows > 0 ? [`${rows} ${rows === 1 ? 'row' : 'rows'}`] : []),
    ...(pictures > 0 ? [`${pictures} ${pictures === 1 ? 'picture' : 'pictures'} of rows that have others`] : []),
  ];
  if (counts.length === 0) return [];
  return [`${counts.join(' and ')} ${rows + pictures === 1 ? 'is' : 'are'} missing: ${listSome(ranges, 10)}`];
};

const differentRows = (one: PlacedLine, other: PlacedLine, pathOf: (line: PlacedLine) => string): RefineError => {
  const { row_number_per_file: row, input_csv_name: name } = one.record;
  const textOf = (line: PlacedLine): string =>
    `${JSON.stringify(line.record.image_file_name ?? line.record.image ?? line.record.prompt)} in ${pathOf(line)}`;
  const isMoved = one.file !== other.file && one.record.image_file_name === other.record.image_file_name;
  return mixed(
    `one row ${row} of ${name}, found different ones: ${textOf(one)} and ${textOf(other)}. They are of different manifests, of two inputs of that name, or of a row that another shard has since its picture's path changed`,
    isMoved
      ? 'In the last case, run all shards again with --resume; else merge each run by itself'
      : 'Merge each run by itself',
  );
};
