import { decodeUserComment, withoutEnd } from './containers/decode-text.js';
import {
  ENTRY_BYTES,
  EXIF_POINTER,
  readTiffDirectories,
  type TiffDirectories,
  USER_COMMENT,
} from './containers/tiff-directories.js';

const UNDEFINED = 7;
const LONG = 4;

/**
 * An EXIF block with a UserComment in UTF-16, big endian as A1111 writes it. All other entries that were read stay
 * (`MAX_EXIF_ENTRIES`): new directories are appended to the old block, whose offsets remain valid.
 * @param tiff the picture's EXIF, or null; an unreadable block is dropped
 */
export const addUserComment = (tiff: Buffer | null, text: string): Buffer => {
  const old = tiff === null ? null : readTiffDirectories(tiff);
  const { littleEndian, main, exif, next } = old ?? EMPTY;
  const block = old === null || tiff === null ? HEADER : tiff;
  const comment = commentOf(text);
  const commentAt = block.length + (block.length & 1);
  const exifAt = commentAt + comment.length;
  const mainAt = exifAt + directoryBytes(exif, USER_COMMENT);
  const { u16, u32 } = writerOf(littleEndian);

  const entry = (tag: number, type: number, count: number, value: number): Buffer =>
    Buffer.concat([u16(tag), u16(type), u32(count), u32(value)]);
  const directory = (entries: TiffDirectories['main'], added: Buffer, tag: number, following: number): Buffer => {
    const kept = entries.filter((entry) => entry.tag !== tag);
    const before = kept.filter((entry) => entry.tag < tag).map(({ raw }) => raw);
    const after = kept.filter((entry) => entry.tag > tag).map(({ raw }) => raw);
    return Buffer.concat([u16(kept.length + 1), ...before, added, ...after, u32(following)]);
  };

  return Buffer.concat([
    block.subarray(0, 4),
    u32(mainAt),
    block.subarray(8),
    Buffer.alloc(block.length & 1),
    comment,
    directory(exif, entry(USER_COMMENT, UNDEFINED, comment.length, commentAt), USER_COMMENT, 0),
    directory(main, entry(EXIF_POINTER, LONG, 1, exifAt), EXIF_POINTER, next),
  ]);
};

/**
 * Other programs display a byte order mark, so it is written only where the text would be misread without it: the text begins
 * with one, or its characters look like the other byte order (`一`, U+4E00).
 */
const commentOf = (text: string): Buffer => {
  const write = (units: string): Buffer =>
    Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(units, 'utf16le').swap16()]);
  const plain = write(text);
  return decodeUserComment(plain) === withoutEnd(text) ? plain : write(`\ufeff${text}`);
};

const HEADER = Buffer.from('MM\0*\0\0\0\0', 'latin1');
const EMPTY: TiffDirectories = { littleEndian: false, main: [], exif: [], next: 0 };

const directoryBytes = (entries: TiffDirectories['main'], added: number): number =>
  2 + (entries.filter(({ tag }) => tag !== added).length + 1) * ENTRY_BYTES + 4;

const writerOf = (littleEndian: boolean): Record<'u16' | 'u32', (value: number) => Buffer> => {
  const write = (bytes: number, value: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (littleEndian) buffer.writeUIntLE(value, 0, bytes);
    else buffer.writeUIntBE(value, 0, bytes);
    return buffer;
  };
  return { u16: (value) => write(2, value), u32: (value) => write(4, value) };
};
