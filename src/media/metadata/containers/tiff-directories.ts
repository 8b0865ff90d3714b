/** The two EXIF directories with text in a TIFF block. Offsets are untrusted: each is checked. Pure. */
import { MAX_EXIF_ENTRIES, MAX_TEXT_BYTES } from '../limits.js';

export const EXIF_POINTER = 0x8769;
export const USER_COMMENT = 0x9286;
/** Tags whose values are read as text: ImageDescription, Make, Model, Software, UserComment. */
const TEXT_TAGS: ReadonlySet<number> = new Set([0x010e, 0x010f, 0x0110, 0x0131, USER_COMMENT]);
const HEADER_BYTES = 8;
export const ENTRY_BYTES = 12;
/** Bytes of one value, by TIFF's type number (TIFF 6.0, section 2): BYTE to DOUBLE. */
export const TIFF_TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

export interface TiffEntry {
  tag: number;
  /** The entry's 12 unparsed bytes. */
  raw: Buffer;
  /** Its value's bytes; null if they lie outside the block or are too many. */
  value: Buffer | null;
}

export interface TiffDirectories {
  littleEndian: boolean;
  /** IFD0. */
  main: TiffEntry[];
  /** The Exif IFD; empty if there is none. */
  exif: TiffEntry[];
  /** Offset of IFD1, the thumbnail's; 0 if there is none, or IFD0 has more than `MAX_EXIF_ENTRIES`. */
  next: number;
}

/** @returns null if this is not a TIFF block */
export const readTiffDirectories = (tiff: Buffer): TiffDirectories | null => {
  const order = tiff.toString('latin1', 0, 4);
  const littleEndian = order === 'II*\0';
  if (tiff.length < HEADER_BYTES || (!littleEndian && order !== 'MM\0*')) return null;
  const read = readerOf(tiff, littleEndian);
  const mainAt = read.u32(4);
  const main = readDirectory(tiff, mainAt, littleEndian);
  const pointer = main.find(({ tag }) => tag === EXIF_POINTER);
  const exif =
    pointer === undefined ? [] : readDirectory(tiff, readerOf(pointer.raw, littleEndian).u32(8), littleEndian);
  const nextAt = mainAt + 2 + main.length * ENTRY_BYTES;
  /* Behind a directory that was cut is no offset, but an entry. */
  const isWhole = main.length > 0 && main.length === read.u16(mainAt) && nextAt + 4 <= tiff.length;
  return { littleEndian, main, exif, next: isWhole ? read.u32(nextAt) : 0 };
};

/** Parts of a file that `readTiffDirectories` reads, each known only from those before it: they have to be there when the next is asked for. */
export function* exifPartsOf(tiff: Buffer): Generator<readonly [start: number, length: number]> {
  const littleEndian = tiff.toString('latin1', 0, 4) === 'II*\0';
  const read = readerOf(tiff, littleEndian);
  const directory = function* (at: number): Generator<readonly [number, number]> {
    if (at < HEADER_BYTES || at + 2 > tiff.length) return;
    yield [at, 2];
    yield [at, Math.min(2 + read.u16(at) * ENTRY_BYTES + 4, tiff.length - at)];
    for (const { raw, value } of readDirectory(tiff, at, littleEndian))
      if (value !== null && value.length > 4 && TEXT_TAGS.has(readerOf(raw, littleEndian).u16(0)))
        yield [value.byteOffset - tiff.byteOffset, value.length];
  };
  if (tiff.length < HEADER_BYTES) return;
  const mainAt = read.u32(4);
  yield* directory(mainAt);
  const pointer = readDirectory(tiff, mainAt, littleEndian).find(({ tag }) => tag === EXIF_POINTER);
  if (pointer !== undefined) yield* directory(readerOf(pointer.raw, littleEndian).u32(8));
}

const readDirectory = (tiff: Buffer, at: number, littleEndian: boolean): TiffEntry[] => {
  if (at < HEADER_BYTES || at + 2 > tiff.length) return [];
  const fitting = Math.floor((tiff.length - at - 2) / ENTRY_BYTES);
  const length = Math.min(readerOf(tiff, littleEndian).u16(at), fitting, MAX_EXIF_ENTRIES);
  return Array.from({ length }, (_, index) => readEntry(tiff, at + 2 + index * ENTRY_BYTES, littleEndian));
};

const readEntry = (tiff: Buffer, at: number, littleEndian: boolean): TiffEntry => {
  const { u16, u32 } = readerOf(tiff, littleEndian);
  const bytes = (TIFF_TYPE_BYTES[u16(at + 2)] ?? 0) * u32(at + 4);
  const start = bytes <= 4 ? at + 8 : u32(at + 8);
  const isWhole = bytes <= MAX_TEXT_BYTES && start + bytes <= tiff.length;
  return {
    tag: u16(at),
    raw: tiff.subarray(at, at + ENTRY_BYTES),
    value: isWhole ? tiff.subarray(start, start + bytes) : null,
  };
};

interface Reader {
  u16: (at: number) => number;
  u32: (at: number) => number;
}

const readerOf = (bytes: Buffer, littleEndian: boolean): Reader =>
  littleEndian
    ? { u16: (at) => bytes.readUInt16LE(at), u32: (at) => bytes.readUInt32LE(at) }
    : { u16: (at) => bytes.readUInt16BE(at), u32: (at) => bytes.readUInt32BE(at) };
