import { RefineError } from '../../errors.js';
import { asBuffer, containerOf, PNG_SIGNATURE } from './containers/bytes.js';
import { pngChunk } from './containers/png-chunks.js';
import type { TextEntry } from './read-text-chunks.js';

/** Length, type, 13 bytes and checksum of PNG's first chunk. */
const IHDR_BYTES = 25;
const ASCII = /^[\x20-\x7e\n\r\t]*$/;
/** PNG: 1 to 79 printable characters of Latin-1, no space at an end, no two in a row. */
const KEYWORD = /^(?! )(?!.* {2})[\x20-\x7e\xa1-\xff]{1,79}(?<! )$/;

/**
 * Writes texts into a PNG, before the pixels: ASCII as tEXt, other text as uncompressed iTXt. ComfyUI's page reads
 * only these, and programs that expect UTF-8 misread Latin-1 in tEXt. NULs, which PNG forbids, are removed.
 * @param png a PNG from this program's encoder; its existing texts stay
 * @throws INTERNAL if it is not a PNG, or a keyword is invalid
 */
export const writePngText = (png: Uint8Array, entries: readonly TextEntry[]): Uint8Array => {
  const bytes = asBuffer(png);
  if (containerOf(bytes) !== 'png') throw new RefineError('INTERNAL', 'Expected a PNG to write text into.');
  const at = PNG_SIGNATURE.length + IHDR_BYTES;
  return Buffer.concat([bytes.subarray(0, at), ...entries.map(textChunk), bytes.subarray(at)]);
};

/** Whether the keyword is valid in PNG. */
export const isKeyword = (keyword: string): boolean => KEYWORD.test(keyword);

const textChunk = ({ keyword, text }: TextEntry): Buffer => {
  if (!isKeyword(keyword)) throw new RefineError('INTERNAL', `${JSON.stringify(keyword)} is not a PNG keyword.`);
  const start = Buffer.from(`${keyword}\0`, 'latin1');
  const clean = text.replaceAll('\0', '');
  if (ASCII.test(clean)) return pngChunk('tEXt', Buffer.concat([start, Buffer.from(clean, 'latin1')]));
  // Not compressed, no language, no translated keyword.
  return pngChunk('iTXt', Buffer.concat([start, Buffer.alloc(4), Buffer.from(clean, 'utf8')]));
};
