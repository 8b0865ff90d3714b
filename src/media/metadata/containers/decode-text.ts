/** Decodes metadata text in the encodings that programs use. Pure. */

/**
 * UTF-8 if the bytes are valid UTF-8, otherwise Latin-1, as PNG's tEXt requires. ComfyUI's page and sharp write and read
 * UTF-8 there; Latin-1 text with accents is hardly ever valid UTF-8 by chance.
 */
export const decodeText = (bytes: Buffer): string => decodeUtf8(bytes) ?? bytes.toString('latin1');

const decodeUtf8 = (bytes: Buffer): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

const CHARSET_BYTES = 8;

/**
 * EXIF's UserComment: 8 bytes that name the character set (`UNICODE\0`, `ASCII\0\0\0`, `UTF8\0\0\0\0`, or NULs), then
 * the text; or, from Fooocus, only the text. Trailing NULs are removed.
 */
export const decodeUserComment = (bytes: Buffer): string => {
  const charset = bytes.toString('latin1', 0, CHARSET_BYTES).replace(/\0+$/, '');
  const text = bytes.subarray(CHARSET_BYTES);
  if (charset === 'UNICODE') return withoutEnd(decodeUtf16(text));
  return withoutEnd(decodeText(['', 'ASCII', 'UTF8', 'UTF-8'].includes(charset) ? text : bytes));
};

/** Removes the NULs that programs write at the end of EXIF text. */
export const withoutEnd = (text: string): string => {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
};

/** A1111 writes big endian, SwarmUI little endian; without a byte order mark the zero bytes of ASCII characters decide. */
const decodeUtf16 = (bytes: Buffer): string => {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  if (mark === 0xfeff || mark === 0xfffe) return decodeAs(bytes.subarray(2), mark === 0xfffe);
  let zerosAtEven = 0;
  let zerosAtOdd = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (bytes[i] === 0) zerosAtEven++;
    if (bytes[i + 1] === 0) zerosAtOdd++;
  }
  return decodeAs(bytes, zerosAtOdd > zerosAtEven);
};

const decodeAs = (bytes: Buffer, littleEndian: boolean): string => {
  const even = bytes.subarray(0, bytes.length & ~1);
  return (littleEndian ? even : Buffer.from(even).swap16()).toString('utf16le');
};
