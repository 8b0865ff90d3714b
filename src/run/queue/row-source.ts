/** The rows of a run as its chunks have them, read one after the other. */
import { countSteps } from '../manifest/rows/count-steps.js';
import { rowLine } from './chunk-file.js';
import type { ChunkRow } from './chunk-row.js';

/** A row as a chunk has it. */
export interface CutRow {
  line: string;
  steps: number;
}

export interface RowSource {
  next(): Promise<CutRow | null>;
  putBack(rows: readonly CutRow[]): void;
  /** Ends the reading of the inputs. */
  close(): Promise<void>;
}

export const createRowSource = (rows: AsyncIterable<ChunkRow>): RowSource => {
  const iterator = rows[Symbol.asyncIterator]();
  let waiting: CutRow[] = [];
  return {
    next: async () => {
      const row = waiting.shift();
      if (row !== undefined) return row;
      const next = await iterator.next();
      return next.done === true ? null : { line: rowLine(next.value), steps: countSteps(next.value) };
    },
    putBack: (returned) => {
      waiting = [...returned, ...waiting];
    },
    close: async () => {
      await iterator.return?.();
    },
  };
};
