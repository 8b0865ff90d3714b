/** Chooses among several lines of one row. */
import type { ResultRecord } from '../../../records/result.js';
import type { PlacedLine } from './merge-runs.js';

/** Which of several files' lines of a row is kept: of the first or last file, or of the first file in which the row is ok. */
export const KEEPS = ['first', 'last', 'ok'] as const;
export type Keep = (typeof KEEPS)[number];

/** Lines at one place, divided by the rows that they are of. Nearly always one row. */
export const rowsAt = (lines: readonly PlacedLine[]): (readonly PlacedLine[])[] => {
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) return [lines];
  const rows: PlacedLine[][] = [];
  for (const [at, line] of lines.entries()) {
    if (isFailureOf(line, lines[at + 1])) continue;
    const row = rows.find(([first]) => first !== undefined && isSameRow(first.record, line.record));
    if (row === undefined) rows.push([line]);
    else row.push(line);
  }
  return rows;
};

/**
 * A row that fails with another input or other settings has two lines: its failure and, directly behind it, the line of its earlier
 * picture, which is the newer one.
 */
const isFailureOf = (line: PlacedLine, next: PlacedLine | undefined): boolean =>
  line.record.status === 'failed' &&
  next?.record.status === 'ok' &&
  next.file === line.file &&
  next.offset === line.offset + line.bytes.length + 1;

/** The prompt of a row may change between two runs in one folder; its picture and its output's name stay. A failure has no output. */
const isSameRow = (a: ResultRecord, b: ResultRecord): boolean => {
  const [outputA, outputB] = [a.image_file_name, b.image_file_name];
  const haveOutputs = outputA !== null && outputB !== null;
  if (haveOutputs && outputA !== outputB) return false;
  return a.image === b.image && a.id === b.id && (haveOutputs || a.image !== null || a.prompt === b.prompt);
};

/** The newest line of each file: a run that goes on writes a row's new line after the old one. */
export const newestOfFiles = (lines: readonly PlacedLine[]): PlacedLine[] =>
  lines.length === 1 ? [...lines] : [...new Map(lines.map((line) => [line.file, line])).values()];

/** @param lines one of each file, in the order of the files */
export const chooseLine = (lines: readonly PlacedLine[], keep: Keep): PlacedLine | undefined => {
  if (keep === 'first') return lines[0];
  if (keep === 'last') return lines.at(-1);
  return lines.find(({ record }) => record.status === 'ok') ?? lines.at(-1);
};
