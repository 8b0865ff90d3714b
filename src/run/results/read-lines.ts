/** Reads the lines of a journal with their positions, within a memory limit for other programs' lines. */
import type { FileHandle } from 'node:fs/promises';
import { readUpTo, withFile } from '../../io/files/open-file.js';
import { startsLikeResult } from './parse-record.js';

/** Position of a line in the journal, in bytes. */
export type LinePosition = readonly [offset: number, length: number];

export interface JournalLine {
  place: LinePosition;
  /** 1-based, from the first line read. */
  number: number;
  /** Without its newline; valid until the next line is read. null if it is too long for a result. */
  bytes: Buffer | null;
  /** Whether it ends in a newline; the last line of a killed run may lack it. */
  isWhole: boolean;
}

const CHUNK_BYTES = 2 ** 20;
const NEWLINE = 10;
/** Six times a row's limit, since a control character takes six characters in JSON; below V8's limit of 512 MiB for a string. */
export const MAX_LINE_BYTES = 400 * 2 ** 20;
/** Bytes kept of a line that does not begin like a result. */
const MAX_FOREIGN_BYTES = 2 ** 20;

/** Whether a line of a journal begins at `offset`, which comes from a file that may be wrong. */
export const isLineStart = async (path: string, offset: number): Promise<boolean> =>
  offset === 0 ||
  withFile(path, 'results', async (handle) => (await readUpTo(handle, offset - 1, 1))[0] === NEWLINE).catch(
    () => false,
  );

/** Most lines have some kilobytes. */
const LINE_BYTES = 4096;

/** The line at an offset, without its newline; one that is too long for a result is cut. */
export const readLineFrom = async (handle: FileHandle, offset: number): Promise<Uint8Array> => {
  for (let size = LINE_BYTES; ; size *= 4) {
    const wanted = Math.min(size, MAX_LINE_BYTES);
    const bytes = await readUpTo(handle, offset, wanted);
    const end = bytes.indexOf(NEWLINE);
    if (end !== -1) return bytes.subarray(0, end);
    if (bytes.length < wanted || wanted === MAX_LINE_BYTES) return bytes;
  }
};

/** @param start offset of a line */
export async function* readJournalLines(handle: FileHandle, start = 0): AsyncGenerator<JournalLine> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let [offset, number, length, limit] = [start, 1, 0, 0];
  let pieces: Buffer[] = [];
  const addPiece = (piece: Buffer): void => {
    if (length === 0) limit = startsLikeResult(piece) ? MAX_LINE_BYTES : MAX_FOREIGN_BYTES;
    length += piece.length;
    if (length > limit) pieces = [];
    else pieces.push(piece);
  };
  const finishLine = (isWhole: boolean): JournalLine => {
    const bytes = length > limit ? null : pieces.length === 1 ? (pieces[0] ?? null) : Buffer.concat(pieces, length);
    const line = { place: [offset, length], number, bytes, isWhole } as const;
    offset += length + 1;
    number++;
    length = 0;
    pieces = [];
    return line;
  };
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, offset + length);
    if (bytesRead === 0) break;
    const bytes = chunk.subarray(0, bytesRead);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      addPiece(bytes.subarray(from, end));
      from = end + 1;
      yield finishLine(true);
    }
    /* Copied, since the next read overwrites the chunk. */
    if (from < bytesRead) addPiece(Buffer.from(bytes.subarray(from)));
  }
  if (length > 0) yield finishLine(false);
}
