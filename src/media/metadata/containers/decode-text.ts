/** Decodes metadata text in the encodings that programs use. Pure. */
import { decodeWindows1252 } from '../../../io/json/windows-1252.js';

/** Receives what is doubtful about a text, for after its name: "is not UTF-8 …". */
export type OnDoubt = (what: string) => void;

/** Characters beside ASCII that are whole in UTF-8, for each one that is not, with which a damaged text is taken for UTF-8. */
const WHOLE_FOR_EACH_BROKEN = 3;
/** Control characters of Latin-1, and rows of its letters that no language has: the bytes are of another encoding. */
const NOT_LATIN = /[\x80-\x9f]|[\xa0-\xff]{4}/;

/**
 * UTF-8 if the bytes are valid UTF-8, or nearly, otherwise Latin-1, as PNG's tEXt requires; Windows-1252 where that has characters
 * and Latin-1 has none. ComfyUI's page and sharp write and read UTF-8 there; Latin-1 text with accents is hardly ever valid UTF-8
 * by chance.
 */
export const decodeText = (bytes: Buffer, onDoubt: OnDoubt = () => undefined): string => {
  const whole = decode(bytes, 'utf-8');
  if (whole !== null) return whole;
  const mended = decode(joinHalves(bytes), 'utf-8') ?? decodeBroken(joinHalves(bytes));
  if (mended !== null) {
    if (mended.includes('\ufffd')) onDoubt('has broken characters (such as a cut emoji), read as U+FFFD');
    return mended;
  }
  const latin = bytes.toString('latin1');
  if (!NOT_LATIN.test(latin)) return latin;
  onDoubt('is not UTF-8, and hardly Latin-1 (Shift-JIS, GBK?): it is read as Windows-1252, and may be wrong');
  return decodeWindows1252(bytes);
};

/** null: not valid in the encoding */
const decode = (bytes: Buffer, encoding: string): string | null => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

/** Surrogates, which some programs encode as UTF-8: a pair becomes its character, a half U+FFFD. */
const joinHalves = (bytes: Buffer): Buffer => {
  if (!bytes.includes(0xed)) return bytes;
  const joined = bytes
    .toString('latin1')
    .replace(/\xed([\xa0-\xaf])([\x80-\xbf])\xed([\xb0-\xbf])([\x80-\xbf])/g, (_, ...parts: string[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map((part) => part.charCodeAt(0) & 0x3f);
      return Buffer.from(String.fromCharCode(0xd000 | (a << 6) | b, 0xd000 | (c << 6) | d)).toString('latin1');
    })
    .replace(/\xed[\xa0-\xbf][\x80-\xbf]/g, '\xef\xbf\xbd');
  return Buffer.from(joined, 'latin1');
};

/** UTF-8 with few broken characters; null for other encodings, in which hardly any character is valid UTF-8. */
const decodeBroken = (bytes: Buffer): string | null => {
  const text = new TextDecoder('utf-8').decode(bytes);
  let [broken, others] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === REPLACEMENT) broken++;
    else if (code >= FIRST_NOT_ASCII) others++;
  }
  return others >= WHOLE_FOR_EACH_BROKEN * broken ? text : null;
};

const REPLACEMENT = 0xfffd;
const FIRST_NOT_ASCII = 0x80;

const CHARSET_BYTES = 8;

/**
 * EXIF's UserComment: 8 bytes that name the character set (`UNICODE\0`, `ASCII\0\0\0`, `JIS\0\0\0\0\0`, `UTF8\0\0\0\0`, or NULs), then
 * the text; or, from Fooocus, only the text. Trailing NULs are removed.
 */
export const decodeUserComment = (bytes: Buffer, onDoubt?: OnDoubt): string => {
  const [, named] = /^([\w-]{0,7})\0+$/.exec(bytes.toString('latin1', 0, CHARSET_BYTES)) ?? [];
  if (named === undefined || bytes.length <= CHARSET_BYTES) return withoutEnd(decodeText(bytes, onDoubt));
  const text = bytes.subarray(CHARSET_BYTES);
  const charset = named.toUpperCase();
  if (charset === 'UNICODE' || charset.startsWith('UTF-16') || charset.startsWith('UTF16'))
    return withoutEnd(decodeUtf16(text));
  return withoutEnd((charset === 'JIS' ? decodeJis(text) : null) ?? decodeText(text, onDoubt));
};

const ESCAPE = 0x1b;

/** JIS as EXIF means it has escapes; programs also write Shift-JIS, or UTF-8. */
const decodeJis = (bytes: Buffer): string | null =>
  bytes.includes(ESCAPE) ? decode(bytes, 'iso-2022-jp') : (decode(bytes, 'utf-8') ?? decode(bytes, 'shift_jis'));

/** Removes the NULs that programs write at the end of EXIF text. */
export const withoutEnd = (text: string): string => {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
};

/** What metadata has and UTF-16, read byte by byte, has hardly ever. */
const GENERATION_TEXT = /\nSteps: \d|^\s*\{\s*"/;

/**
 * A1111 writes big endian, SwarmUI little endian; without a byte order mark the zero bytes of ASCII characters decide. UTF-8 under the
 * name UNICODE is recognized by metadata's words.
 */
const decodeUtf16 = (bytes: Buffer): string => {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  if (mark === 0xfeff || mark === 0xfffe) return decodeAs(bytes.subarray(2), mark === 0xfffe);
  let zerosAtEven = 0;
  let zerosAtOdd = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    if (bytes[i] === 0) zerosAtEven++;
    if (bytes[i + 1] === 0) zerosAtOdd++;
  }
  if (zerosAtEven + zerosAtOdd <= 1) {
    const text = decode(bytes, 'utf-8');
    if (text !== null && GENERATION_TEXT.test(text)) return text;
  }
  return decodeAs(bytes, zerosAtOdd > zerosAtEven);
};

const decodeAs = (bytes: Buffer, littleEndian: boolean): string => {
  const even = bytes.subarray(0, bytes.length & ~1);
  return (littleEndian ? even : Buffer.from(even).swap16()).toString('utf16le');
};
