/** Finds the EXIF block of an AVIF: item "Exif" of the meta box (ISO/IEC 14496-12 8.11 and 23008-12 annex A). Pure. */
import { MAX_BOXES } from '../limits.js';

interface Box {
  type: string;
  data: Buffer;
}

/** @returns the TIFF block; null if there is none, or it is stored in a way that is not supported */
export const findAvifExif = (avif: Buffer): Buffer | null => {
  try {
    return readExifItem(avif);
  } catch {
    // Buffer's readers throw at the end of the bytes: a truncated or invalid box.
    return null;
  }
};

const readExifItem = (avif: Buffer): Buffer | null => {
  const meta = boxesOf(avif).find(({ type }) => type === 'meta');
  const inside = meta === undefined ? [] : boxesOf(meta.data.subarray(4));
  const infos = inside.find(({ type }) => type === 'iinf');
  const locations = inside.find(({ type }) => type === 'iloc');
  const id = infos === undefined ? null : exifItemId(infos.data);
  const place = id === null || locations === undefined ? null : locate(locations.data, id);
  if (place === null || place.end > avif.length || place.end - place.start < 4) return null;
  const item = avif.subarray(place.start, place.end);
  return item.subarray(4 + item.readUInt32BE(0));
};

const boxesOf = (bytes: Buffer): Box[] => {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= bytes.length && boxes.length < MAX_BOXES;) {
    const size = bytes.readUInt32BE(at);
    const header = size === 1 ? 16 : 8;
    const length = size === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : size === 0 ? bytes.length - at : size;
    if (length < header || at + length > bytes.length) break;
    boxes.push({ type: bytes.toString('latin1', at + 4, at + 8), data: bytes.subarray(at + header, at + length) });
    at += length;
  }
  return boxes;
};

const exifItemId = (iinf: Buffer): number | null => {
  for (const { data } of boxesOf(iinf.subarray(iinf[0] === 0 ? 6 : 8))) {
    const wide = data[0] === 3;
    const typeAt = wide ? 10 : 8;
    if (data.toString('latin1', typeAt, typeAt + 4) === 'Exif')
      return wide ? data.readUInt32BE(4) : data.readUInt16BE(4);
  }
  return null;
};

/** Range of an item in the file; null if it is not in one piece. */
const locate = (iloc: Buffer, id: number): { start: number; end: number } | null => {
  const version = iloc.readUInt8(0);
  const sizes = iloc.readUInt16BE(4);
  const [startBytes, lengthBytes, indexBytes] = [sizes >> 12, (sizes >> 8) & 0xf, version === 0 ? 0 : sizes & 0xf];
  let at = 6;
  const next = (bytes: number): number => {
    at += bytes;
    if (bytes === 8) return Number(iloc.readBigUInt64BE(at - 8));
    return bytes === 0 ? 0 : iloc.readUIntBE(at - bytes, bytes);
  };
  const idBytes = version < 2 ? 2 : 4;
  for (let items = next(idBytes); items > 0; items--) {
    const isWanted = next(idBytes) === id;
    const method = version === 0 ? 0 : next(2) & 0xf;
    next(2);
    const base = next((sizes >> 4) & 0xf);
    const extents = next(2);
    if (!isWanted) {
      /* Skipped at once: extents may have no bytes, and would not end with the data. */
      at += extents * (indexBytes + startBytes + lengthBytes);
      continue;
    }
    next(indexBytes);
    const start = base + next(startBytes);
    const end = start + next(lengthBytes);
    return method === 0 && extents === 1 ? { start, end } : null;
  }
  return null;
};
