/** Finds the ends of CSV records; line ends inside quotes do not count. */
import type { LineEnds } from './read-lines.js';

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const TAB = 9;
const SPACE = 32;
const QUOTE = 34;

export interface CsvLineEnds extends LineEnds {
  /** 1-based line of a quote that is still open; else null. */
  readonly openQuoteLine: number | null;
  /** Bytes between cells, from the next record on. */
  delimiters: readonly number[];
}

/**
 * RFC 4180: a quote opens a cell only as its first byte (leading spaces are ignored), and a doubled quote means one. A quote
 * elsewhere opens nothing, so that a malformed record ends at its line's end, and later records are read.
 *
 * @param delimiters bytes between cells; several while the delimiter is unknown
 */
export const csvLineEnds = (delimiters: readonly number[]): CsvLineEnds => {
  let newlines = 0;
  let quoteLine = 0;
  let last = 0;
  let state: 'cell start' | 'bare' | 'quoted' | 'quote seen' = 'cell start';
  return {
    delimiters,
    find(bytes, from) {
      for (let at = from; at < bytes.length; at++) {
        const byte = bytes[at] ?? 0;
        const isEnd = byte === CARRIAGE_RETURN || (byte === NEWLINE && last !== CARRIAGE_RETURN);
        if (isEnd) newlines += 1;
        last = byte;
        if (state === 'quoted') {
          if (byte === QUOTE) state = 'quote seen';
        } else if (byte === QUOTE && state !== 'bare') {
          if (state === 'cell start') quoteLine = newlines + 1;
          state = 'quoted';
        } else if (isEnd) {
          state = 'cell start';
          last = 0;
          return at;
        } else if (this.delimiters.includes(byte)) {
          state = 'cell start';
        } else if ((byte !== SPACE && byte !== TAB) || state !== 'cell start') {
          state = 'bare';
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
