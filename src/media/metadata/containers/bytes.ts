/** A Buffer on the same bytes, without a copy. */
export const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

export type Container = 'png' | 'jpeg' | 'webp' | 'avif' | 'gif' | 'tiff';

export const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Prefix of the EXIF block in a JPEG, and in WebP from some writers (libvips). */
export const EXIF_HEADER = Buffer.from('Exif\0\0', 'latin1');

export const beginsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);

/** The TIFF block inside EXIF data. */
export const withoutExifHeader = (data: Buffer): Buffer =>
  beginsWith(data, EXIF_HEADER) ? data.subarray(EXIF_HEADER.length) : data;

/** The container by its first bytes; null for one whose metadata is not read here. */
export const containerOf = (picture: Buffer): Container | null => {
  if (beginsWith(picture, PNG_SIGNATURE)) return 'png';
  const text = picture.toString('latin1', 0, 12);
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'webp';
  if (/^GIF8[79]a/.test(text)) return 'gif';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'tiff';
  return text.startsWith('ftyp', 4) ? 'avif' : null;
};
