/** Recognizes unsupported picture formats by their first bytes, so that they are not reported as damaged. Pure. */

/** Offset of a format's signature, and the signature in Latin-1. */
const SIGNS: readonly (readonly [format: string, at: number, sign: string])[] = [
  ['an OpenEXR picture', 0, '\x76\x2f\x31\x01'],
  ['a Radiance HDR picture', 0, '#?RADIANCE'],
  ['a Radiance HDR picture', 0, '#?RGBE'],
  ['a JPEG XL picture', 0, '\xff\x0a'],
  ['a JPEG XL picture', 4, 'JXL \r\n\x87\n'],
  ['a JPEG 2000 picture', 4, 'jP  \r\n\x87\n'],
  ['a JPEG 2000 picture', 0, '\xff\x4f\xff\x51'],
  ['a JPEG XR picture', 0, 'II\xbc'],
  ['a HEIC picture', 4, 'ftyphei'],
  ['a HEIC picture', 4, 'ftyphev'],
  ['a Photoshop document', 0, '8BPS'],
  ['a PDF document', 0, '%PDF-'],
  ['an SVG drawing', 0, '<svg'],
  ['an SVG drawing or other XML', 0, '<?xml'],
  ['a web page', 0, '<!doctype html'],
  ['a web page', 0, '<html'],
  ['a Windows icon', 0, '\0\0\x01\0'],
  ['a DirectDraw surface', 0, 'DDS '],
  ['a QOI picture', 0, 'qoif'],
  ['a farbfeld picture', 0, 'farbfeld'],
  ['a portable float map', 0, 'PF\n'],
  ['a portable pixmap', 0, 'P6'],
  ['a portable greymap', 0, 'P5'],
  ['a BMP picture', 0, 'BM'],
];

/** Bytes from a file's beginning that identify its format. */
export const SIGN_BYTES = 16;

/** @param head a file's first bytes @returns null for an unknown format */
export const unsupportedFormat = (head: Uint8Array): string | null => {
  const text = Buffer.from(head.subarray(0, SIGN_BYTES)).toString('latin1');
  const lower = text.toLowerCase();
  return SIGNS.find(([, at, sign]) => text.startsWith(sign, at) || lower.startsWith(sign, at))?.[0] ?? null;
};
