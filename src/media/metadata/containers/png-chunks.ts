import { PNG_SIGNATURE } from './bytes.js';
import { crc32 } from './crc32.js';
import { MAX_CHUNKS } from '../limits.js';
import type { Warn } from '../warnings.js';

export interface PngChunk {
  /** Four characters. */
  type: string;
  data: Buffer;
  /** Type and data, which the checksum covers. */
  checked: Buffer;
  crc: number;
  /** Offset of the next chunk. */
  end: number;
}

/** The chunks of a PNG up to `IEND`, or to where the file is truncated. */
export function* pngChunks(png: Buffer, warn: Warn): Generator<PngChunk> {
  let at = PNG_SIGNATURE.length;
  for (let count = 0; at + 12 <= png.length; count++) {
    const end = at + 12 + png.readUInt32BE(at);
    if (count === MAX_CHUNKS || end > png.length) break;
    const checked = png.subarray(at + 4, end - 4);
    const type = checked.toString('latin1', 0, 4);
    yield { type, data: checked.subarray(4), checked, crc: png.readUInt32BE(end - 4), end };
    if (type === 'IEND') return;
    at = end;
  }
  warn('The PNG is truncated inside a chunk.');
}

/** A whole chunk: length, type, data, checksum. */
export const pngChunk = (type: string, data: Uint8Array): Buffer => {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), data.length + 8);
  return chunk;
};
