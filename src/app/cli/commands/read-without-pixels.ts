/** Reads those parts of a picture's file that may contain generation metadata, so that a folder's pixels are not read. */
import type { FileHandle } from 'node:fs/promises';
import { containerOf, type Container } from '../../../media/metadata/containers/bytes.js';
import { exifPartsOf } from '../../../media/metadata/containers/tiff-directories.js';
import { MAX_CHUNKS, MAX_TEXT_BYTES } from '../../../media/metadata/limits.js';

/** Bytes of the smallest read. */
const WINDOW_BYTES = 4096;
/** Most bytes read of a chunk or segment: room for the longest text that is used, and the data before it. */
const MAX_PART_BYTES = MAX_TEXT_BYTES + 1024;

/** A file's bytes, read on request; all others are zero. */
class SparseFile {
  readonly bytes: Buffer;
  #from = 0;
  #to = 0;

  constructor(
    private readonly file: FileHandle,
    size: number,
  ) {
    this.bytes = Buffer.alloc(size);
  }

  async need(start: number, length: number): Promise<void> {
    if (start >= this.#from && Math.min(start + length, this.bytes.length) <= this.#to) return;
    const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.bytes.length - start);
    const { bytesRead } = await this.file.read(this.bytes, start, wanted, start);
    [this.#from, this.#to] = [start, start + bytesRead];
    if (bytesRead < Math.min(length, wanted)) this.#to = this.bytes.length;
  }
}

interface Part {
  /** Offset of the next part. */
  end: number;
  hasPixels: boolean;
  isLast: boolean;
}

interface Layout {
  start: number;
  headerBytes: number;
  part: (bytes: Buffer, at: number) => Part;
}

const SIGNATURE_BYTES = 8;

/** PNG chunks, JPEG segments before the first scan, WebP chunks. AVIF and GIF are read whole: files are small, and text may be anywhere. */
const LAYOUTS: Readonly<Record<Exclude<Container, 'avif' | 'gif' | 'tiff'>, Layout>> = {
  png: {
    start: SIGNATURE_BYTES,
    headerBytes: 8,
    part: (bytes, at) => {
      const type = bytes.toString('latin1', at + 4, at + 8);
      return {
        end: at + 12 + bytes.readUInt32BE(at),
        hasPixels: /^(?:IDAT|fdAT)$/.test(type),
        isLast: type === 'IEND',
      };
    },
  },
  jpeg: {
    start: 2,
    headerBytes: 4,
    part: (bytes, at) => {
      const marker = bytes.readUInt8(at + 1);
      if (marker === 0xff) return { end: at + 1, hasPixels: true, isLast: false };
      const hasNoLength = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
      const isLast = bytes.readUInt8(at) !== 0xff || marker === 0xda || marker === 0xd9;
      return { end: at + 2 + (hasNoLength ? 0 : bytes.readUInt16BE(at + 2)), hasPixels: isLast, isLast };
    },
  },
  webp: {
    start: 12,
    headerBytes: 8,
    part: (bytes, at) => {
      const length = bytes.readUInt32LE(at + 4);
      const hasPixels = /^(?:VP8[ L]|ALPH|ANMF)$/.test(bytes.toString('latin1', at, at + 4));
      return { end: at + 8 + length + (length & 1), hasPixels, isLast: false };
    },
  },
};

/** @returns as many bytes as the file has, with zeros for pixels, or for all but the beginning of a file that is not a picture */
export const readWithoutPixels = async (handle: FileHandle, size: number): Promise<Uint8Array> => {
  const file = new SparseFile(handle, size);
  const { bytes } = file;
  await file.need(0, WINDOW_BYTES);
  const container = containerOf(bytes);
  if (container === 'avif' || container === 'gif') await file.need(0, size);
  if (container === 'tiff') for (const [start, length] of exifPartsOf(bytes)) await file.need(start, length);
  if (container === null || container === 'avif' || container === 'gif' || container === 'tiff') return bytes;
  const { start, headerBytes, part } = LAYOUTS[container];
  for (let at = start, parts = 0; at + headerBytes <= size && parts < MAX_CHUNKS; parts++) {
    await file.need(at, headerBytes);
    const { end, hasPixels, isLast } = part(bytes, at);
    if (!hasPixels) await file.need(at, Math.min(end - at, MAX_PART_BYTES));
    if (isLast || end > size) break;
    at = end;
  }
  return bytes;
};
