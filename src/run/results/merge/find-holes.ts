/** Finds the rows that a run's results lack: numbers of an input that no line has. */

export interface Holes {
  /** Missing rows. */
  readonly rows: number;
  /** Texts of the first ranges: `rows 3 to 5 of m.jsonl`. */
  readonly ranges: readonly string[];
}

/** Ranges that a message lists. */
const LISTED = 20;

export interface HoleFinder extends Holes {
  /** To be called with every row that is kept, in order. */
  see(name: string, row: number): void;
}

export const createHoleFinder = (): HoleFinder => {
  let [rows, last, input] = [0, -1, ''];
  const ranges: string[] = [];
  return {
    get rows() {
      return rows;
    },
    ranges,
    see: (name, row) => {
      if (name !== input) [input, last] = [name, -1];
      const missing = row - last - 1;
      if (missing > 0) {
        rows += missing;
        const numbers = missing === 1 ? `row ${row - 1}` : `rows ${last + 1} to ${row - 1}`;
        if (ranges.length < LISTED) ranges.push(`${numbers} of ${name}`);
      }
      last = row;
    },
  };
};
