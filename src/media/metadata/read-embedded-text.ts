import {
  asBuffer,
  beginsWith,
  type Container,
  containerOf,
  EXIF_HEADER,
  withoutExifHeader,
} from './containers/bytes.js';
import { decodeText, decodeUserComment, type OnDoubt, withoutEnd } from './containers/decode-text.js';
import { findAvifExif } from './containers/avif-exif.js';
import { gifComments } from './containers/gif-comments.js';
import { jpegSegments } from './containers/jpeg-segments.js';
import { MAX_TEXT_BYTES, MAX_TEXTS } from './limits.js';
import { readTextChunks, type TextEntry } from './read-text-chunks.js';
import { riffChunks } from './containers/riff-chunks.js';
import { readTiffDirectories, USER_COMMENT } from './containers/tiff-directories.js';
import type { Warn } from './warnings.js';

/** Texts of EXIF; null if absent or empty. */
export interface ExifText {
  /** UserComment of the Exif directory, and of IFD0, where Fooocus writes it. */
  userComments: readonly string[];
  imageDescription: string | null;
  make: string | null;
  model: string | null;
  software: string | null;
}

/** All text in an encoded picture. */
export interface EmbeddedText {
  container: Container;
  /** PNG's texts, in file order. */
  texts: readonly TextEntry[];
  exif: ExifText | null;
  /** The XMP packet. */
  xmp: string | null;
  /** Comments of a JPEG or GIF. */
  comments: readonly string[];
}

interface Blocks {
  comments?: Buffer[];
  texts?: TextEntry[];
  exif?: Buffer | null;
  xmp?: string | null;
}

/** @returns null for bytes that are not a PNG, JPEG, WebP, AVIF, GIF or TIFF. Of an AVIF and a TIFF only EXIF is read. */
export const readEmbeddedText = (picture: Uint8Array, warn: Warn): EmbeddedText | null => {
  const bytes = asBuffer(picture);
  const container = containerOf(bytes);
  if (container === null) return null;
  const { texts = [], exif = null, xmp = null, comments = [] } = FIND[container](bytes, warn);
  return {
    container,
    texts,
    exif: exif === null ? null : readExif(exif, warn),
    xmp,
    comments: comments.map((comment) => withoutEnd(decodeText(comment, doubtOf('comment', warn)))).filter(Boolean),
  };
};

const doubtOf =
  (place: string, warn: Warn): OnDoubt =>
  (what) => {
    warn(`The picture's ${place} ${what}.`);
  };

const APP1 = 0xe1;
const JPEG_COMMENT = 0xfe;
const XMP_HEADER = Buffer.from('http://ns.adobe.com/xap/1.0/\0');
/** PNG's keyword of an XMP packet. */
export const XMP_KEYWORD = 'XML:com.adobe.xmp';

const FIND: Readonly<Record<Container, (bytes: Buffer, warn: Warn) => Blocks>> = {
  png: (bytes, warn) => {
    const blocks: Blocks = {};
    const texts = readTextChunks(bytes, warn, ({ type, data }) => {
      if (type === 'eXIf') blocks.exif ??= data;
    });
    const xmp = texts.find(({ keyword }) => keyword === XMP_KEYWORD)?.text ?? null;
    return { ...blocks, texts, xmp };
  },
  jpeg: (bytes) => {
    const blocks: Blocks = {};
    const comments: Buffer[] = [];
    for (const { marker, data } of jpegSegments(bytes)) {
      if (marker === JPEG_COMMENT && comments.length < MAX_TEXTS) comments.push(data);
      if (marker !== APP1) continue;
      if (beginsWith(data, EXIF_HEADER)) blocks.exif ??= withoutExifHeader(data);
      else if (beginsWith(data, XMP_HEADER)) blocks.xmp ??= decodeText(data.subarray(XMP_HEADER.length));
    }
    return { ...blocks, comments };
  },
  webp: (bytes) => {
    const blocks: Blocks = {};
    for (const { type, data } of riffChunks(bytes)) {
      if (type === 'EXIF') blocks.exif = withoutExifHeader(data);
      else if (type === 'XMP ' && data.length <= MAX_TEXT_BYTES) blocks.xmp = decodeText(data);
    }
    return blocks;
  },
  avif: (bytes) => ({ exif: findAvifExif(bytes) }),
  gif: (bytes) => ({ comments: gifComments(bytes) }),
  tiff: (bytes) => ({ exif: bytes }),
};

const IMAGE_DESCRIPTION = 0x010e;
const MAKE = 0x010f;
const MODEL = 0x0110;
const SOFTWARE = 0x0131;

const readExif = (tiff: Buffer, warn: Warn): ExifText | null => {
  const directories = readTiffDirectories(tiff);
  if (directories === null) {
    warn('Ignored the EXIF block: it is not a valid TIFF structure.');
    return null;
  }
  const { main, exif } = directories;
  const textOf = (textTag: number): string | null => {
    const value = main.find(({ tag }) => tag === textTag)?.value ?? null;
    return value === null ? null : withoutEnd(decodeText(value, doubtOf('EXIF', warn))) || null;
  };
  const comments = [...exif, ...main].flatMap(({ tag, value }) =>
    tag === USER_COMMENT && value !== null ? [value] : [],
  );
  return {
    userComments: comments
      .slice(0, 2)
      .map((comment) => decodeUserComment(comment, doubtOf('UserComment', warn)))
      .filter(Boolean),
    imageDescription: textOf(IMAGE_DESCRIPTION),
    make: textOf(MAKE),
    model: textOf(MODEL),
    software: textOf(SOFTWARE),
  };
};
