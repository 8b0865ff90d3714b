/** Where the records of a CSV file end: newlines inside quotes do not count. */
import type { LineEnds } from './read-lines.js';

const NEWLINE = 10;
const QUOTE = 34;

export interface CsvLineEnds extends LineEnds {
  /** 1-based line of a quote that is still open, or null. */
  readonly openQuoteLine: number | null;
}

/**
 * RFC 4180: a quote opens a cell only as its first byte, and a doubled quote stands for one. Because a quote elsewhere
 * opens nothing, a malformed record ends where a reader would expect, and the records after it are read.
 *
 * @param delimiter the byte between cells
 */
export const csvLineEnds = (delimiter: number): CsvLineEnds => {
  let newlines = 0;
  let quoteLine = 0;
  let state: 'cell start' | 'bare' | 'quoted' | 'quote seen' = 'cell start';
  return {
    find(bytes, from) {
      for (let at = from; at < bytes.length; at++) {
        const byte = bytes[at];
        if (byte === NEWLINE) newlines += 1;
        if (state === 'quoted') {
          if (byte === QUOTE) state = 'quote seen';
        } else if (byte === QUOTE && state !== 'bare') {
          if (state === 'cell start') quoteLine = newlines + 1;
          state = 'quoted';
        } else if (byte === NEWLINE) {
          state = 'cell start';
          return at;
        } else {
          state = byte === delimiter ? 'cell start' : 'bare';
        }
      }
      return -1;
    },
    get newlines() {
      return newlines;
    },
    get openQuoteLine() {
      return state === 'quoted' ? quoteLine : null;
    },
  };
};
