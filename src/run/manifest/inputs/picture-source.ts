/** Parses a row's `image` or `latents`: a file, a URL, or an inline picture. Opens nothing; checks which form of a non-ASCII name exists. */
import { existsSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RefineError, messageOf } from '../../../errors.js';
import type { PictureSource } from '../../../records/picture.js';
import { isStoreUri } from '../../../io/store/store-uri.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { nameOfBytes, systemPath } from '../../../io/files/system-path.js';
import { formatValue } from '../rows/format-value.js';
import { resolveStoreName } from './store-listing.js';

/** PATH_MAX of Linux; Windows and macOS take less. */
const MAX_PATH_LENGTH = 4096;
/** Base64 of fewer characters cannot be a picture, but could be a file name. */
const MIN_BASE64_LENGTH = 40;
/** Characters shown of an inline picture that is not a data: URL. */
const SHOWN_BASE64 = 16;
const MAX_SHOWN_MEDIA_TYPE = 100;

const startsWith = (bytes: Buffer, text: string, at = 0): boolean =>
  bytes.subarray(at, at + text.length).equals(Buffer.from(text, 'latin1'));

/** Whether bytes begin like a supported picture: PNG, JPEG, GIF, TIFF of both byte orders, WebP, AVIF. */
const isPictureHead = (bytes: Buffer): boolean =>
  ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'GIF8', 'II*\0', 'MM\0*'].some((magic) => startsWith(bytes, magic)) ||
  (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) ||
  (startsWith(bytes, 'ftyp', 4) && ['avif', 'avis', 'mif1'].some((brand) => startsWith(bytes, brand, 8)));

const isBase64Picture = (text: string): boolean =>
  text.length >= MIN_BASE64_LENGTH &&
  isPictureHead(Buffer.from(text.slice(0, MIN_BASE64_LENGTH), 'base64')) &&
  !/[^A-Za-z0-9+/=\s]/.test(text);

/** Short text of an inline picture, for messages and results: `data:image/png;base64,… (12345 characters)`. */
const shorten = (text: string): string => {
  const comma = text.slice(0, MAX_SHOWN_MEDIA_TYPE).indexOf(',');
  return `${text.slice(0, comma === -1 ? SHOWN_BASE64 : comma + 1)}… (${text.length} characters)`;
};

/**
 * The absolute path of a row's path, with the slashes and in the Unicode normalization form that exists.
 * @throws RefineError ROW_FIELD_INVALID if no file can have this name
 */
export const resolvePath = (key: string, path: string, folder: string): string => {
  if (path.length > MAX_PATH_LENGTH || path.includes('\0')) {
    throw new RefineError('ROW_FIELD_INVALID', `Expected ${key} to be a file name, got ${formatValue(path)}`);
  }
  const plain = existingForm(resolve(folder, path));
  if (sep !== '/' || !path.includes('\\') || existsSync(systemPath(plain))) return plain;
  /* A table of Windows. */
  const turned = existingForm(resolve(folder, path.replaceAll('\\', '/')));
  return existsSync(systemPath(turned)) ? turned : plain;
};

/** @throws RefineError ROW_FIELD_INVALID if `read` does not take it */
const readUrl = (url: string, read: (url: string) => string): string => {
  try {
    return read(url);
  } catch (error) {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      `Expected image to be a URL, got ${formatValue(url)}: ${messageOf(error)}`,
    );
  }
};

/** Percent-encoded bytes of a name that is not UTF-8 are those of the file. @throws as `fileURLToPath` */
const pathOfUrl = (url: string): string => {
  try {
    return fileURLToPath(url);
  } catch (error) {
    if ((error as Error).name !== 'URIError') throw error;
    const { hostname, pathname } = new URL(url);
    if (sep !== '/' || hostname !== '' || /%2f/i.test(pathname)) throw error;
    const bytes = pathname.replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
    return nameOfBytes(Buffer.from(bytes, 'latin1'));
  }
};

const fromUrl = (url: string, scheme: string): PictureSource => {
  if (scheme === 'file') return { kind: 'file', path: resolvePath('image', readUrl(url, pathOfUrl), '/') };
  if (scheme === 'http' || scheme === 'https') {
    return { kind: 'url', url: readUrl(url, (text) => new URL(text).href) };
  }
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected image to be a path, an http, https, s3, gs, az, file or data URL, or base64, got ${formatValue(url)}: download it first`,
  );
};

/** In a manifest of object storage, names are of objects beside it: it cannot name files of this machine. */
const fromStore = (image: string, folder: string): ReturnType<typeof parsePictureSource> => {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(image)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return { source: fromUrl(image, scheme), sourceText: image };
  return { source: { kind: 'store', uri: resolveStoreName('image', image, folder) }, sourceText: image };
};

/**
 * @param image as the row wrote it
 * @param folder base of relative paths
 * @returns the source, and its text for messages: `image` itself, or beginning and length of an inline picture
 * @throws RefineError ROW_FIELD_INVALID
 */
export const parsePictureSource = (image: string, folder: string): { source: PictureSource; sourceText: string } => {
  if (/^data:/i.test(image) || isBase64Picture(image)) {
    return { source: { kind: 'inline', text: image }, sourceText: shorten(image) };
  }
  if (isStoreUri(image) || isStoreUri(folder)) return fromStore(image, folder);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(image)?.[1]?.toLowerCase();
  if (scheme !== undefined) return { source: fromUrl(image, scheme), sourceText: image };
  return { source: { kind: 'file', path: resolvePath('image', image, folder) }, sourceText: image };
};

/**
 * A file of latents.
 * @throws RefineError ROW_FIELD_INVALID
 */
export const parseLatentsSource = (latents: string, folder: string): { source: PictureSource; sourceText: string } => {
  if (!/\.(?:safetensors|npy|pth?)$/i.test(latents)) {
    const message = `Expected latents to be a .safetensors, .npy, .pt or .pth file, got ${formatValue(latents)}`;
    throw new RefineError('ROW_FIELD_INVALID', message);
  }
  if (isStoreUri(latents) || isStoreUri(folder)) {
    const message = `Expected latents to be a file, got ${formatValue(latents)} in object storage: download it first`;
    throw new RefineError('ROW_FIELD_INVALID', message);
  }
  return { source: { kind: 'latents', path: resolvePath('latents', latents, folder) }, sourceText: latents };
};
