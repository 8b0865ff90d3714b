import { RefineError } from '../../errors.js';
import { addUserComment } from './add-user-comment.js';
import { asBuffer, beginsWith, containerOf, EXIF_HEADER, withoutExifHeader } from './containers/bytes.js';
import { jpegSegments } from './containers/jpeg-segments.js';
import { type RiffChunk, riffChunk, riffChunks } from './containers/riff-chunks.js';
import { withVp8x } from './containers/webp-header.js';

const APP0 = 0xe0;
const APP1 = 0xe1;
/** A segment's length has two bytes and counts itself. */
const MAX_SEGMENT_DATA = 0xffff - 2;

/**
 * Writes text into EXIF's UserComment of a JPEG or WebP; other existing EXIF stays.
 * @param picture a JPEG or WebP from this program's encoder
 * @returns null if the text does not fit: with no other EXIF, a JPEG takes 32 737 UTF-16 units
 * @throws INTERNAL if it is neither, or its header is invalid
 */
export const writeExifUserComment = (picture: Uint8Array, text: string): Uint8Array | null => {
  const bytes = asBuffer(picture);
  const container = containerOf(bytes);
  if (container === 'jpeg') return writeJpeg(bytes, text);
  if (container === 'webp') return writeWebp(bytes, text);
  throw new RefineError('INTERNAL', 'Expected a JPEG or WebP to write EXIF into.');
};

const writeJpeg = (jpeg: Buffer, text: string): Uint8Array | null => {
  const segments = [...jpegSegments(jpeg)];
  const old = segments.find(({ marker, data }) => marker === APP1 && beginsWith(data, EXIF_HEADER));
  // EXIF and JFIF both require the first place; by convention JFIF comes before EXIF.
  const jfif = segments[0]?.marker === APP0 ? segments[0] : undefined;
  const start = old?.start ?? jfif?.end ?? 2;
  const tiff = addUserComment(old === undefined ? null : withoutExifHeader(old.data), text);
  const data = Buffer.concat([EXIF_HEADER, tiff]);
  if (data.length > MAX_SEGMENT_DATA) return null;
  const header = Buffer.from([0xff, APP1, (data.length + 2) >> 8, (data.length + 2) & 0xff]);
  return Buffer.concat([jpeg.subarray(0, start), header, data, jpeg.subarray(old?.end ?? start)]);
};

const writeWebp = (webp: Buffer, text: string): Uint8Array => {
  const chunks = withVp8x([...riffChunks(webp)]);
  const old = chunks.find(({ type }) => type === 'EXIF');
  const tiff = old === undefined ? null : withoutExifHeader(old.data);
  const exif: RiffChunk = { type: 'EXIF', data: addUserComment(tiff, text) };
  const others = chunks.filter(({ type }) => type !== 'EXIF');
  const xmpAt = others.findIndex(({ type }) => type === 'XMP ');
  const body = others.toSpliced(xmpAt < 0 ? others.length : xmpAt, 0, exif).map(riffChunk);
  const form = Buffer.from('WEBP', 'latin1');
  return riffChunk({ type: 'RIFF', data: Buffer.concat([form, ...body]) });
};
