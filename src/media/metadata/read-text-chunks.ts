import { inflateSync } from 'node:zlib';
import { messageOf } from '../../errors.js';
import { asBuffer } from './containers/bytes.js';
import { crc32 } from './containers/crc32.js';
import { decodeText } from './containers/decode-text.js';
import { MAX_ALL_TEXT_BYTES, MAX_DAMAGED, MAX_TEXT_BYTES, MAX_TEXTS } from './limits.js';
import { type PngChunk, pngChunks } from './containers/png-chunks.js';
import { quote, type Warn } from './warnings.js';

export interface TextEntry {
  /** 1 to 79 characters of Latin-1. */
  keyword: string;
  text: string;
}

/**
 * Texts of a PNG, in file order, before and after the pixels: tEXt, zTXt, and iTXt compressed or not.
 * Text is read as UTF-8 where valid, otherwise Latin-1 (`decodeText`), in each kind of chunk: sharp writes UTF-8 into zTXt.
 * A wrong checksum is only a warning: many readers accept such text.
 * @param png begins with PNG's signature
 * @param onOther called with each chunk that is not a text
 */
export const readTextChunks = (png: Uint8Array, warn: Warn, onOther?: (chunk: PngChunk) => void): TextEntry[] => {
  const entries: TextEntry[] = [];
  let isFull = false;
  let damaged = 0;
  let bytesLeft = MAX_ALL_TEXT_BYTES;
  for (const chunk of pngChunks(asBuffer(png), warn)) {
    if (!Object.hasOwn(SPLIT, chunk.type)) {
      onOther?.(chunk);
      continue;
    }
    if (isFull) continue;
    if (damaged > MAX_DAMAGED) {
      isFull = true;
      warn(`The PNG has more than ${MAX_DAMAGED} texts that cannot be read; the others are ignored.`);
      continue;
    }
    if (entries.length === MAX_TEXTS) {
      isFull = true;
      warn(`The PNG has more than ${MAX_TEXTS} texts; the others are ignored.`);
      continue;
    }
    const entry = readText(chunk, Math.min(bytesLeft, MAX_TEXT_BYTES), warn);
    if (entry === null) {
      damaged++;
      continue;
    }
    bytesLeft -= entry.bytes.length;
    const text = decodeText(entry.bytes, (what) => {
      warn(`The text ${quote(entry.keyword)} ${what}.`);
    });
    entries.push({ keyword: entry.keyword, text });
  }
  return entries;
};

interface StoredText {
  bytes: Buffer;
  compressed: boolean;
}

/** Parses the data after the keyword and its NUL, by chunk type; null if it does not follow the specification. */
const SPLIT: Readonly<Record<string, (rest: Buffer) => StoredText | null>> = {
  tEXt: (rest) => ({ bytes: rest, compressed: false }),
  zTXt: (rest) => (rest[0] === 0 ? { bytes: rest.subarray(1), compressed: true } : null),
  iTXt: (rest) => {
    const languageEnd = rest.indexOf(0, 2);
    const translatedEnd = languageEnd < 0 ? -1 : rest.indexOf(0, languageEnd + 1);
    return translatedEnd < 0 ? null : { bytes: rest.subarray(translatedEnd + 1), compressed: rest[0] === 1 };
  },
};

const readText = (
  { type, data, checked, crc }: PngChunk,
  limit: number,
  warn: Warn,
): { keyword: string; bytes: Buffer } | null => {
  const keywordEnd = data.subarray(0, 80).indexOf(0);
  const stored = keywordEnd < 1 ? null : (SPLIT[type]?.(data.subarray(keywordEnd + 1)) ?? null);
  if (stored === null) {
    warn(`Ignored a malformed ${type} chunk.`);
    return null;
  }
  const keyword = data.toString('latin1', 0, keywordEnd);
  if (stored.bytes.length > limit) {
    warn(`Ignored the text ${quote(keyword)} of ${stored.bytes.length} bytes: at most ${limit} are read.`);
    return null;
  }
  if (crc32(checked) !== crc) warn(`The text ${quote(keyword)} has a wrong checksum.`);
  const bytes = stored.compressed ? inflate(stored.bytes, keyword, limit, warn) : stored.bytes;
  return bytes === null ? null : { keyword, bytes };
};

const inflate = (bytes: Buffer, keyword: string, limit: number, warn: Warn): Buffer | null => {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, limit) });
  } catch (thrown) {
    warn(`The text ${quote(keyword)} cannot be decompressed: ${messageOf(thrown)}.`);
    return null;
  }
};
