/** Detects truncated picture files without decoding them. */
import type { FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';
import { readUpTo } from '../../io/files/open-file.js';
import { TIFF_TYPE_BYTES } from '../metadata/containers/tiff-directories.js';

type Check = (handle: FileHandle, size: number) => Promise<boolean>;

const HEAD_BYTES = 16;

const read = async (handle: FileHandle, position: number, length: number): Promise<Buffer> =>
  Buffer.from(await readUpTo(handle, position, length));

/** PNG specification, 5.2 and 11.2.5: begins with the signature, ends with an empty chunk IEND. */
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');

const png: Check = async (handle, size) =>
  (await read(handle, 0, PNG_SIGNATURE.length)).equals(PNG_SIGNATURE) &&
  (await read(handle, Math.max(0, size - PNG_END.length), PNG_END.length)).equals(PNG_END);

/** ITU T.81, B.1.1.3: markers SOI first and EOI last. */
const jpeg: Check = async (handle, size) =>
  (await read(handle, 0, 2)).readUInt16BE() === 0xffd8 && (await read(handle, size - 2, 2)).readUInt16BE() === 0xffd9;

/** RFC 9649, 2.4: the RIFF chunk ends where the file ends. */
const webp: Check = async (handle, size) => {
  const head = await read(handle, 0, HEAD_BYTES);
  const isWebp = head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP';
  return isWebp && head.readUInt32LE(4) + 8 === size;
};

/** A file written here has three or four. */
const MAX_BOXES = 64;

/** ISO/IEC 14496-12, 4.2: boxes with lengths, up to the end of the file. */
const avif: Check = async (handle, size) => {
  let offset = 0;
  for (let box = 0; box < MAX_BOXES && offset < size; box++) {
    const head = await read(handle, offset, HEAD_BYTES);
    if (head.length < 8 || (box === 0 && head.toString('latin1', 4, 8) !== 'ftyp')) return false;
    const short = head.readUInt32BE();
    if (short === 1 && head.length < HEAD_BYTES) return false;
    const length = short === 0 ? size - offset : short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (length < 8) return false;
    offset += length;
  }
  return offset === size;
};

/** Of a TIFF directory. */
const ENTRY_BYTES = 12;

/** The directory, which libtiff writes after the picture, and the values after it. */
const tiff: Check = async (handle, size) => {
  const head = await read(handle, 0, 8);
  const order = head.toString('latin1', 0, 2);
  if (head.length < 8 || (order !== 'II' && order !== 'MM')) return false;
  const u16 = (bytes: Buffer, at: number): number => (order === 'II' ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const u32 = (bytes: Buffer, at: number): number => (order === 'II' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const directory = u32(head, 4);
  const count = await read(handle, directory, 2);
  if (directory < 8 || count.length < 2) return false;
  const length = ENTRY_BYTES * u16(count, 0);
  const entries = await read(handle, directory + 2, length + 4);
  if (entries.length < length + 4) return false;
  for (let at = 0; at < length; at += ENTRY_BYTES) {
    const bytes = (TIFF_TYPE_BYTES[u16(entries, at + 2)] ?? 0) * u32(entries, at + 4);
    if (bytes > 4 && u32(entries, at + 8) + bytes > size) return false;
  }
  return true;
};

const CHECKS: Readonly<Record<string, Check>> = {
  '.png': png,
  '.jpg': jpeg,
  '.jpeg': jpeg,
  '.webp': webp,
  '.avif': avif,
  '.tif': tiff,
  '.tiff': tiff,
};

/** @param name its extension gives the format @returns true also for a format that is not checked */
export const isCompletePicture = async (handle: FileHandle, size: number, name: string): Promise<boolean> => {
  const check = CHECKS[extname(name).toLowerCase()];
  return check === undefined || (size >= HEAD_BYTES && (await check(handle, size)));
};
