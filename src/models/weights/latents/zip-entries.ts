/**
 * Lists the stored entries of a zip archive as torch.save writes it: one disk, no compression or encryption. Reads only the central
 * directory and local headers. Source: PKWARE APPNOTE 6.3.10, 4.3.7, 4.3.12 and 4.3.16.
 */
import type { FileHandle } from 'node:fs/promises';
import { readUpTo } from '../../../io/files/open-file.js';
import { formatValue } from '../safetensors/format-value.js';

/** Range of an entry's data in the file. */
export interface ZipEntry {
  start: number;
  size: number;
}

const END = { signature: 0x06054b50, bytes: 22 };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
/** Maximum length of an archive's comment, which follows the end record. */
const MAX_COMMENT = 0xffff;
/** torch.save of one tensor writes seven. */
const MAX_ZIP_ENTRIES = 64;
const MAX_DIRECTORY_BYTES = 64 * 1024;
const ENCRYPTED = 1;
const STORED = 0;

/** @throws Error with the problem of the archive */
export const readZipEntries = async (handle: FileHandle, fileSize: number): Promise<ReadonlyMap<string, ZipEntry>> => {
  const { count, size, offset } = await findDirectory(handle, fileSize);
  const bytes = await readUpTo(handle, offset, size);
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL.bytes > bytes.length || view.getUint32(at, true) !== CENTRAL.signature) {
      throw new Error('its directory is damaged');
    }
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const [stored, plain] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const nameEnd = at + CENTRAL.bytes + view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL.bytes, nameEnd));
    if ((flags & ENCRYPTED) !== 0 || method !== STORED || stored !== plain) {
      throw new Error(`its entry ${formatValue(name)} is compressed or encrypted, which torch.save does not do`);
    }
    if (entries.has(name)) throw new Error(`it has the entry ${formatValue(name)} twice`);
    entries.set(name, { start: await findData(handle, view.getUint32(at + 42, true), plain, offset), size: plain });
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
};

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

interface Directory {
  count: number;
  size: number;
  offset: number;
}

const findDirectory = async (handle: FileHandle, fileSize: number): Promise<Directory> => {
  const length = Math.min(fileSize, END.bytes + MAX_COMMENT);
  const bytes = await readUpTo(handle, fileSize - length, length);
  const view = viewOf(bytes);
  let at = bytes.length - END.bytes;
  while (at >= 0 && view.getUint32(at, true) !== END.signature) at--;
  if (at < 0) throw new Error('it is not a zip archive, which torch.save writes since torch 1.6');
  const count = view.getUint16(at + 10, true);
  const [size, offset] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
  if (count > MAX_ZIP_ENTRIES) throw new Error(`it has ${count} entries, more than ${MAX_ZIP_ENTRIES}`);
  if (size > MAX_DIRECTORY_BYTES) throw new Error(`its directory has ${size} bytes, more than ${MAX_DIRECTORY_BYTES}`);
  if (offset + size > fileSize) throw new Error('its directory lies outside the file');
  return { count, size, offset };
};

/** The data begins after the local header, whose extra field may differ in length from the directory's. */
const findData = async (handle: FileHandle, header: number, size: number, directory: number): Promise<number> => {
  const view = viewOf(await readUpTo(handle, header, LOCAL.bytes));
  if (view.byteLength < LOCAL.bytes || view.getUint32(0, true) !== LOCAL.signature) {
    throw new Error('an entry of its directory points outside the file');
  }
  const start = header + LOCAL.bytes + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + size > directory) throw new Error('an entry reaches into its directory');
  return start;
};
