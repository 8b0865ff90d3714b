/** Finds what a run's results lack: numbers of an input that no line has, and pictures within the seeds of one prompt. */
import type { ResultRecord } from '../../../records/result.js';
import { copyOf } from './row-place.js';

export interface Holes {
  /** Missing rows. */
  readonly rows: number;
  /** Missing pictures of rows that have others. */
  readonly pictures: number;
  /** Texts of the first ranges: `rows 3 to 5 of m.jsonl`, `seed 7 of row 2 of p.jsonl`. */
  readonly ranges: readonly string[];
}

/** Ranges that a message lists. */
const LISTED = 20;
/** The most pictures of a row. Seeds further apart are those of another run, or on both sides of the largest seed. */
const MAX_COPIES = 10_000;

export interface HoleFinder extends Holes {
  /** To be called with every row that is kept, in order. */
  see(record: ResultRecord): void;
}

export const createHoleFinder = (): HoleFinder => {
  let [rows, pictures, last, input] = [0, 0, -1, ''];
  let before: ResultRecord | null = null;
  const ranges: string[] = [];
  const add = (range: string): void => {
    if (ranges.length < LISTED) ranges.push(range);
  };
  return {
    get rows() {
      return rows;
    },
    get pictures() {
      return pictures;
    },
    ranges,
    see: (record) => {
      const { input_csv_name: name, row_number_per_file: row } = record;
      if (name !== input) [input, last] = [name, -1];
      const missing = row - last - 1;
      if (missing > 0) {
        rows += missing;
        add(`${missing === 1 ? `row ${row - 1}` : `rows ${last + 1} to ${row - 1}`} of ${name}`);
      }
      const gap = missing < 0 && before !== null ? seedsBetween(before, record) : 0;
      if (gap > 0) {
        pictures += gap;
        const [from, to] = [copyOf(record) - gap, copyOf(record) - 1];
        add(`${gap === 1 ? `seed ${to}` : `seeds ${from} to ${to}`} of row ${row} of ${name}`);
      }
      [last, before] = [row, record];
    },
  };
};

/** Pictures that are missing between two of one row: their seeds count up. */
const seedsBetween = (a: ResultRecord, b: ResultRecord): number => {
  const gap = copyOf(b) - copyOf(a) - 1;
  return a.prompt === b.prompt && a.id === b.id && gap < MAX_COPIES ? gap : 0;
};
