/** Removes the texts before a PNG's pixels, so that a decoder does not decompress and copy them. */
import type { FileHandle } from 'node:fs/promises';
import { readUpTo } from '../../io/files/open-file.js';
import { MAX_CHUNKS_BEFORE_PIXELS } from './limits.js';

const typeNumber = (type: string): number => Buffer.from(type, 'latin1').readUInt32BE();
const TEXTS = new Set(['tEXt', 'zTXt', 'iTXt'].map(typeNumber));
const [PIXELS, END] = [typeNumber('IDAT'), typeNumber('IEND')];

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
/** @param head first bytes of a file */
export const isPng = (head: Uint8Array): boolean => SIGNATURE.equals(head.subarray(0, SIGNATURE.length));

/** Length, type and checksum. */
const FRAME_BYTES = 12;

/**
 * Chunks after the first pixel data stay: decoders do not search them for texts. A file with more than `MAX_CHUNKS_BEFORE_PIXELS`
 * chunks before the pixels is truncated there and so refused: scanning millions would take too long.
 * @param picture of any format @returns the same bytes, not copied, if they are not a PNG or have no such text
 */
export const withoutPngTexts = (picture: Uint8Array): Uint8Array => {
  const bytes = Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength);
  if (!isPng(bytes)) return picture;
  const kept: Buffer[] = [];
  /** Start of the next range to keep. */
  let from = 0;
  let at = SIGNATURE.length;
  for (let count = 0; at + FRAME_BYTES <= bytes.length; count++) {
    if (count === MAX_CHUNKS_BEFORE_PIXELS) return bytes.subarray(0, at);
    const type = bytes.readUInt32BE(at + 4);
    const end = at + FRAME_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length || type === PIXELS || type === END) break;
    if (TEXTS.has(type)) {
      if (from < at) kept.push(bytes.subarray(from, at));
      from = end;
    }
    at = end;
  }
  return from === 0 ? picture : Buffer.concat([...kept, bytes.subarray(from)]);
};

/** Of the pixels' chunk: more than its head, which ends the header. */
const PIXEL_BYTES = 4096;

/** A PNG's file up to its pixels, without texts, which are not read. @returns the beginning, if it has more chunks or is truncated there */
export const readPngHead = async (handle: FileHandle, size: number): Promise<Uint8Array> => {
  const kept = [await readUpTo(handle, 0, SIGNATURE.length)];
  let at = SIGNATURE.length;
  for (let count = 0; at < size && count < MAX_CHUNKS_BEFORE_PIXELS; count++) {
    const frame = Buffer.from(await readUpTo(handle, at, 8));
    if (frame.length < 8) break;
    const type = frame.readUInt32BE(4);
    const end = at + FRAME_BYTES + frame.readUInt32BE(0);
    const isLast = end > size || type === PIXELS || type === END;
    if (!TEXTS.has(type)) kept.push(await readUpTo(handle, at, isLast ? PIXEL_BYTES : end - at));
    if (isLast) break;
    at = end;
  }
  return Buffer.concat(kept);
};
