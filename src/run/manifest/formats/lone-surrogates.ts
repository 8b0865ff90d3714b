/**
 * Text with lone surrogates as bytes, so that a row's reader sees them and warns: UTF-8 has no bytes for them, and its encoder writes
 * U+FFFD in silence. They take the three bytes that UTF-8 would have for their numbers (WTF-8).
 */
import { isUtf8 } from 'node:buffer';

/** With the flag u, halves of whole pairs do not match. */
const LONE = /(\p{Surrogate})/u;
const FIRST = 0xed;

export const encodeText = (text: string): Buffer =>
  text.isWellFormed()
    ? Buffer.from(text)
    : Buffer.concat(text.split(LONE).map((piece, at) => (at % 2 === 0 ? Buffer.from(piece) : bytesOf(piece))));

const bytesOf = (half: string): Buffer => {
  const unit = half.charCodeAt(0);
  return Buffer.of(FIRST, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
};

/** @returns null: these bytes are neither UTF-8 nor what `encodeText` gives */
export const decodeBytes = (bytes: Buffer): string | null => {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  let from = 0;
  const addUntil = (end: number): boolean => {
    const piece = bytes.subarray(from, end);
    text += piece.toString('utf8');
    return isUtf8(piece);
  };
  for (let at = bytes.indexOf(FIRST); at !== -1; at = bytes.indexOf(FIRST, at + 1)) {
    const [second = 0, third = 0] = [bytes[at + 1], bytes[at + 2]];
    if (second >> 5 !== 0b101 || third >> 6 !== 0b10) continue;
    if (!addUntil(at)) return null;
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f));
    from = at + 3;
  }
  return addUntil(bytes.length) ? text : null;
};
