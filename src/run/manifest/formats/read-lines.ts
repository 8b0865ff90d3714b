/** Bytes to lines of text, whatever the chunks: each line decoded on its own, so that one bad line costs one line. */
import { isUtf8 } from 'node:buffer';

/** Longest line that is read. Pictures written into rows as base64 are legitimately tens of megabytes. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Says where lines end; remembers from chunk to chunk what it must. */
export interface LineEnds {
  /**
   * Index of the LF or CR that ends the line, looking from `from`, or -1 when it isn't in `bytes`. The LF behind a CR is not looked at:
   * `readLines` leaves it out.
   */
  find(bytes: Buffer, from: number): number;
  /** Line ends passed so far; more than one a line where a line may hold them. */
  readonly newlines: number;
}

/** A line and its 1-based number; `problem` where it could not be read as text. */
export type Line = { line: number; text: string } | { line: number; problem: string };

/** LF, CRLF and CR each end a line. */
export const plainLineEnds = (): LineEnds => {
  let newlines = 0;
  /** The next CR of these bytes: most files have none, and must not be searched for one at every line. */
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

/** Bytes 128 to 159 of Windows-1252; the others are Latin-1's. Node 20's own decoder takes these for Latin-1 too. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** What a line that is not UTF-8 says in the code page of Windows, by which people recognize their text. */
const asWindows1252 = (line: Buffer): string => {
  const start = Math.max(0, line.findIndex((byte) => byte > 127) - SHOWN_BYTES / 2);
  const shown = line.toString('latin1', start, start + SHOWN_BYTES);
  return JSON.stringify(shown.replace(/[\x80-\x9f]/g, (one) => WINDOWS_1252[one.charCodeAt(0) - 128] ?? one));
};

const decode = (line: Buffer): { text: string } | { problem: string } =>
  isUtf8(line)
    ? { text: line.toString('utf8') }
    : {
        problem: `Expected UTF-8 text, found bytes that are not, as Windows-1252 ${asWindows1252(line)}: save the file as UTF-8 (in Excel “CSV UTF-8”)`,
      };

/**
 * Reads lines of UTF-8, without a byte order mark (`decodeText`): they end with LF, CRLF or CR, the last one may lack its end.
 * Of a line over `limit` bytes no more than `limit` is ever held.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  ends: LineEnds = plainLineEnds(),
  limit = MAX_LINE_BYTES,
): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let length = 0;
  let line = 1;
  const take = (piece: Buffer): void => {
    length += piece.length;
    if (length > limit) pieces = [];
    else pieces.push(piece);
  };
  const finish = (): Line => {
    const finished =
      length > limit
        ? {
            problem: `Expected a line of at most ${limit} bytes, found ${length}: put the picture into a file and name it in the row`,
          }
        : decode(Buffer.concat(pieces));
    const started = line;
    pieces = [];
    length = 0;
    line = ends.newlines + 1;
    return { line: started, ...finished };
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
      take(chunk.subarray(start, end));
      isAfterReturn = chunk[end] === CARRIAGE_RETURN;
      start = end + 1;
      yield finish();
    }
    take(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}
