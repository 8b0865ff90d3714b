/** Bytes to lines of text, whatever the chunks: each line decoded on its own, so that one bad line costs one line. */
import { isUtf8 } from 'node:buffer';

/** Longest line that is read. Pictures written into rows as base64 are legitimately tens of megabytes. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Says where lines end; remembers from chunk to chunk what it must. */
export interface LineEnds {
  /** Index of the newline that ends the line, looking from `from`, or -1 when it isn't in `bytes`. */
  find(bytes: Buffer, from: number): number;
  /** Newlines passed so far; more than one a line where a line may hold newlines. */
  readonly newlines: number;
}

/** A line and its 1-based number; `problem` where it could not be read as text. */
export type Line = { line: number; text: string } | { line: number; problem: string };

/** Every newline ends a line. */
export const plainLineEnds = (): LineEnds => {
  let newlines = 0;
  return {
    find(bytes, from) {
      const at = bytes.indexOf(NEWLINE, from);
      if (at !== -1) newlines += 1;
      return at;
    },
    get newlines() {
      return newlines;
    },
  };
};

async function* withoutByteOrderMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < BYTE_ORDER_MARK.length) continue;
    yield head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
      ? head.subarray(BYTE_ORDER_MARK.length)
      : head;
    head = null;
  }
  if (head !== null) yield head;
}

const decode = (bytes: Buffer): { text: string } | { problem: string } => {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  const line = bytes.subarray(0, end);
  return isUtf8(line)
    ? { text: line.toString('utf8') }
    : { problem: 'Expected UTF-8 text, found bytes that are not: save the file as UTF-8' };
};

/**
 * Reads lines of UTF-8: a byte order mark is dropped, lines end with LF or CRLF, the last one may lack its end.
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
  for await (const chunk of withoutByteOrderMark(chunks)) {
    let start = 0;
    for (let end = ends.find(chunk, 0); end !== -1; end = ends.find(chunk, start)) {
      take(chunk.subarray(start, end));
      start = end + 1;
      yield finish();
    }
    take(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}
