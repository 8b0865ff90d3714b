/** Where a result belongs among the rows of a run. */
import type { ResultRecord } from '../../../records/result.js';

/** Results are in the order of these numbers, the first one first. */
export interface RowPlace {
  /** Number of the input. */
  input: number;
  /** `row_number_per_file`. */
  row: number;
  /** Tells the pictures of one prompt of `generate` apart: their seeds count up. 0 for rows of `batch`. */
  copy: number;
}

export const copyOf = ({ mode, seed }: Pick<ResultRecord, 'mode' | 'seed'>): number =>
  mode === undefined ? 0 : (seed ?? 0);

/** Negative if `a` comes first, 0 for the same row. */
export const comparePlaces = (a: RowPlace, b: RowPlace): number =>
  a.input - b.input || a.row - b.row || a.copy - b.copy;
