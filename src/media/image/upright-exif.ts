/** Edits EXIF blocks (TIFF) of untrusted files: every offset is checked. Pure. */

const ORIENTATION = 0x0112;
const ENTRY_BYTES = 12;
const SHORT = 3;
const UPRIGHT = 1;
/** JPEG's prefix of the TIFF block. */
const PREFIX = 'Exif\0\0';

/**
 * A copy with the upright orientation, for pixels that have been rotated; without JPEG's prefix. null if it is not a TIFF block.
 * libvips corrects the size and thumbnail in it when it writes.
 */
export function uprightExif(exif: Uint8Array): Uint8Array | null {
  const whole = Buffer.from(exif);
  const tiff = whole.toString('latin1', 0, PREFIX.length) === PREFIX ? whole.subarray(PREFIX.length) : whole;
  const order = tiff.toString('latin1', 0, 4);
  if (tiff.length < 8 || (order !== 'II*\0' && order !== 'MM\0*')) return null;
  const little = order === 'II*\0';
  const u16 = (at: number): number => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const start = (little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)) + 2;
  const entries = start <= tiff.length ? u16(start - 2) : 0;
  const end = Math.min(start + entries * ENTRY_BYTES, tiff.length - ENTRY_BYTES + 1);
  for (let at = start; at < end; at += ENTRY_BYTES) {
    if (u16(at) !== ORIENTATION || u16(at + 2) !== SHORT) continue;
    if (little) tiff.writeUInt16LE(UPRIGHT, at + 8);
    else tiff.writeUInt16BE(UPRIGHT, at + 8);
  }
  return tiff;
}
