/** Containers made from strings, byte by byte, by nothing of the code under test. */
import { deflateSync } from 'node:zlib';
import { collectWarnings } from '#src/media/metadata/warnings.js';

const crcOf = (bytes: Buffer): number => {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
};
const u32 = (value: number): Buffer => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);

export const chunk = (type: string, data: Buffer | string): Buffer => {
  const body = Buffer.concat([Buffer.from(type), typeof data === 'string' ? Buffer.from(data, 'latin1') : data]);
  return Buffer.concat([u32(body.length - 4), body, u32(crcOf(body))]);
};

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const IHDR = chunk('IHDR', Buffer.concat([u32(1), u32(1), Buffer.from([8, 0, 0, 0, 0])]));
const IDAT = chunk('IDAT', deflateSync(Buffer.from([0, 0])));

/** A whole PNG of one pixel. */
export const png = (before: Buffer[], after: Buffer[] = []): Buffer =>
  Buffer.concat([SIGNATURE, IHDR, ...before, IDAT, ...after, chunk('IEND', '')]);

export const tEXt = (keyword: string, text: Buffer | string): Buffer =>
  chunk('tEXt', Buffer.concat([Buffer.from(`${keyword}\0`, 'latin1'), Buffer.from(text as string, 'latin1')]));
export const zTXt = (keyword: string, text: Buffer): Buffer =>
  chunk('zTXt', Buffer.concat([Buffer.from(`${keyword}\0\0`, 'latin1'), deflateSync(text)]));
export const iTXt = (keyword: string, text: string, compressed = false): Buffer => {
  const head = Buffer.from(`${keyword}\0${compressed ? '\x01' : '\0'}\0en\0Schlüssel\0`, 'latin1');
  return chunk('iTXt', Buffer.concat([head, compressed ? deflateSync(Buffer.from(text)) : Buffer.from(text)]));
};

/** A PNG with these texts, as Pillow's `add_text` writes ASCII. */
export const pngWith = (texts: Record<string, string>): Buffer =>
  png(Object.entries(texts).map(([keyword, text]) => tEXt(keyword, text)));

export interface TiffText {
  tag: number;
  type: 2 | 7;
  value: Buffer;
}

/** A TIFF block: IFD0, then an Exif IFD if there is anything in it. */
export const tiff = (main: TiffText[], exif: TiffText[] = [], littleEndian = false): Buffer => {
  const number = (bytes: 2 | 4, value: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (littleEndian) buffer.writeUIntLE(value, 0, bytes);
    else buffer.writeUIntBE(value, 0, bytes);
    return buffer;
  };
  const mainEntries = main.length + (exif.length > 0 ? 1 : 0);
  const exifAt = 8 + 2 + mainEntries * 12 + 4;
  const dataAt = exifAt + (exif.length > 0 ? 2 + exif.length * 12 + 4 : 0);
  const data: Buffer[] = [];
  const entry = ({ tag, type, value }: TiffText): Buffer => {
    const at = dataAt + Buffer.concat(data).length;
    const head = Buffer.concat([number(2, tag), number(2, type), number(4, value.length)]);
    if (value.length <= 4) return Buffer.concat([head, value, Buffer.alloc(4 - value.length)]);
    data.push(value, Buffer.alloc(value.length & 1));
    return Buffer.concat([head, number(4, at)]);
  };
  const pointer = Buffer.concat([number(2, 0x8769), number(2, 4), number(4, 1), number(4, exifAt)]);
  const directory = (entries: Buffer[]): Buffer => Buffer.concat([number(2, entries.length), ...entries, number(4, 0)]);
  const first = directory([...main.map(entry), ...(exif.length > 0 ? [pointer] : [])]);
  const second = exif.length > 0 ? directory(exif.map(entry)) : Buffer.alloc(0);
  const head = Buffer.concat([Buffer.from(littleEndian ? 'II' : 'MM'), number(2, 42), number(4, 8)]);
  return Buffer.concat([head, first, second, ...data]);
};

export const USER_COMMENT = 0x9286;
export const exifComment = (value: Buffer): Buffer => tiff([], [{ tag: USER_COMMENT, type: 7, value }]);

export const segment = (marker: number, data: Buffer): Buffer => {
  const length = data.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length]), data]);
};
const JFIF = segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'));

/** What of a JPEG comes before the pixels, and a scan's start. */
export const jpeg = (exif: Buffer | null, xmp = '', comment = ''): Buffer =>
  Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    JFIF,
    ...(exif === null ? [] : [segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif]))]),
    ...(xmp === '' ? [] : [segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${xmp}`))]),
    ...(comment === '' ? [] : [segment(0xfe, Buffer.from(comment))]),
    Buffer.from([0xff, 0xda, 0, 2, 0, 0xff, 0xd9]),
  ]);

export const riff = (type: string, data: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([Buffer.from(type), length, data, Buffer.alloc(data.length & 1)]);
};

/** A WebP's chunks; its pixels are none. */
export const webp = (exif: Buffer): Buffer =>
  riff(
    'RIFF',
    Buffer.concat([
      Buffer.from('WEBP'),
      riff('VP8X', Buffer.from([8, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
      riff('VP8L', Buffer.from([0x2f, 0, 0, 0, 0])),
      riff('EXIF', exif),
    ]),
  );

const subBlocks = (data: Buffer): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; at < data.length; at += 255) {
    const part = data.subarray(at, at + 255);
    parts.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
};

/** A GIF of one pixel with two colours, and comments before and after the picture. */
export const gif = (before: string[], after: string[] = []): Buffer => {
  const comment = (text: string): Buffer => Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(Buffer.from(text))]);
  return Buffer.concat([
    Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1'),
    ...before.map(comment),
    Buffer.from([0x21, 0xf9, 4, 0, 0, 0, 0, 0]),
    Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]),
    ...after.map(comment),
    Buffer.from([0x3b]),
  ]);
};

export const utf16 = (text: string, order: 'BE' | 'LE'): Buffer =>
  order === 'LE' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16();
export const unicode = (text: string, order: 'BE' | 'LE'): Buffer =>
  Buffer.concat([Buffer.from('UNICODE\0'), utf16(text, order)]);

/** What a reader returns, and what it warned of. */
export const warned = <T>(read: (warn: (text: string) => void) => T): { value: T; warnings: readonly string[] } => {
  const { warn, list } = collectWarnings();
  return { value: read(warn), warnings: list };
};

/** mulberry32, so that a failure can be repeated. */
export const seeded = (seed: number): ((limit: number) => number) => {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
};
