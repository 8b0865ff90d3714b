/** Reads the lines of a journal with their positions, within a memory limit for foreign lines. */
import type { FileHandle } from 'node:fs/promises';
import { readUpTo, withFile } from '../../io/files/open-file.js';
import { startsLikeResult } from './parse-record.js';

/** Where a line lies in the journal. */
export type LinePosition = readonly [offset: number, length: number];

export interface JournalLine {
  place: LinePosition;
  /** 1-based, from where reading began. */
  number: number;
  /** Without its end; valid until the next line is asked for. null: it is too long to be ours. */
  bytes: Buffer | null;
  /** Whether it has its end; a run that was killed may leave a last line without. */
  isWhole: boolean;
}

const CHUNK_BYTES = 2 ** 20;
const NEWLINE = 10;
/** Six times what a row may have: as a control character has six letters in JSON. Some of V8's 512 MiB of a text is left. */
export const MAX_LINE_BYTES = 400 * 2 ** 20;
/** So much is held of a line that does not begin as ours do. */
const MAX_FOREIGN_BYTES = 2 ** 20;

/** Whether a line of a journal begins at `offset`, which a note says that another program or a fault may have changed. */
export const isLineStart = async (path: string, offset: number): Promise<boolean> =>
  offset === 0 ||
  withFile(path, 'results', async (handle) => (await readUpTo(handle, offset - 1, 1))[0] === NEWLINE).catch(
    () => false,
  );

/** @param start where a line begins */
export async function* readJournalLines(handle: FileHandle, start = 0): AsyncGenerator<JournalLine> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let [offset, number, length, limit] = [start, 1, 0, 0];
  let pieces: Buffer[] = [];
  const take = (piece: Buffer): void => {
    if (length === 0) limit = startsLikeResult(piece) ? MAX_LINE_BYTES : MAX_FOREIGN_BYTES;
    length += piece.length;
    if (length > limit) pieces = [];
    else pieces.push(piece);
  };
  const finish = (isWhole: boolean): JournalLine => {
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
      take(bytes.subarray(from, end));
      from = end + 1;
      yield finish(true);
    }
    /* The chunk is filled anew. */
    if (from < bytesRead) take(Buffer.from(bytes.subarray(from)));
  }
  if (length > 0) yield finish(false);
}
