/** Splits chunks of bytes into lines of text. Each line is decoded separately, so that invalid UTF-8 affects only its line. */
import { decodeWindows1252 } from '../../../io/json/windows-1252.js';
import { decodeBytes } from './lone-surrogates.js';

/** Longest line that is read. Rows with pictures as base64 may have tens of megabytes. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Finds line ends; keeps its state from chunk to chunk. */
export interface LineEnds {
  /**
   * Index of the LF or CR that ends the line, from `from` on; -1 if it is not in `bytes`. `readLines` skips the LF after a CR.
   */
  find(bytes: Buffer, from: number): number;
  /** Line ends passed so far; more than lines if a quoted cell contains some. */
  readonly newlines: number;
}

/** A line and its 1-based number; `problem` if it could not be read as text. */
export type Line = { line: number; text: string } | { line: number; problem: string };

/** LF, CRLF and CR each end a line. */
export const plainLineEnds = (): LineEnds => {
  let newlines = 0;
  /** The next CR in these bytes, cached: most files have none, and need not be searched for every line. */
  let next: { bytes: Buffer; at: number } | null = null;
  const findReturn = (bytes: Buffer, from: number): number => {
    if (next?.bytes !== bytes || (next.at !== -1 && next.at < from)) {
      next = { bytes, at: bytes.indexOf(CARRIAGE_RETURN, from) };
    }
    return next.at;
  };
  return {
    find(bytes, from) {
      const newline = bytes.indexOf(NEWLINE, from);
      const carriage = findReturn(bytes, from);
      const at = newline === -1 || (carriage !== -1 && carriage < newline) ? carriage : newline;
      if (at !== -1) newlines += 1;
      return at;
    },
    get newlines() {
      return newlines;
    },
  };
};

const SHOWN_BYTES = 60;

/** Text that is not UTF-8, from its first such byte, decoded as Windows-1252, so that users recognize it; in quotes. */
export const asWindows1252 = (line: Buffer): string => {
  const start = Math.max(0, line.findIndex((byte) => byte > 127) - SHOWN_BYTES / 2);
  return JSON.stringify(decodeWindows1252(line.subarray(start, start + SHOWN_BYTES)));
};

const decode = (line: number, bytes: Buffer): Line => {
  const text = decodeBytes(bytes);
  return text !== null
    ? { line, text }
    : {
        line,
        problem: `Expected UTF-8 text, found bytes that are not, as Windows-1252 ${asWindows1252(bytes)}: save the file as UTF-8 (in Excel “CSV UTF-8”)`,
      };
};

/**
 * Reads lines of UTF-8 without a byte order mark (`decodeText`), which end with LF, CRLF or CR; the last line may lack its end.
 * Keeps at most `limit` bytes of a longer line.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  ends: LineEnds = plainLineEnds(),
  limit = MAX_LINE_BYTES,
): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let length = 0;
  let line = 1;
  const addPiece = (piece: Buffer): void => {
    length += piece.length;
    if (length > limit) pieces = [];
    else pieces.push(piece);
  };
  const finishLine = (): Line => {
    const finished =
      length > limit
        ? {
            line,
            problem: `Expected a line of at most ${limit} bytes, found ${length}: put the picture into a file and name it in the row`,
          }
        : decode(line, pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces));
    pieces = [];
    length = 0;
    line = ends.newlines + 1;
    return finished;
  };
  let isAfterReturn = false;
  for await (const chunk of chunks) {
    let start = 0;
    for (;;) {
      if (isAfterReturn && start < chunk.length) {
        if (chunk[start] === NEWLINE) start += 1;
        isAfterReturn = false;
      }
      const end = ends.find(chunk, start);
      if (end === -1) break;
      addPiece(chunk.subarray(start, end));
      isAfterReturn = chunk[end] === CARRIAGE_RETURN;
      start = end + 1;
      yield finishLine();
    }
    addPiece(chunk.subarray(start));
  }
  if (length > 0) yield finishLine();
}
