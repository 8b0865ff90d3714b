import { MAX_CHUNKS } from '../limits.js';

export interface RiffChunk {
  /** Four characters: `VP8 `, `EXIF`, … */
  type: string;
  data: Buffer;
}

/** The chunks of a WebP, up to where the file is truncated. */
export function* riffChunks(webp: Buffer): Generator<RiffChunk> {
  let at = 12;
  for (let count = 0; count < MAX_CHUNKS && at + 8 <= webp.length; count++) {
    const end = at + 8 + webp.readUInt32LE(at + 4);
    if (end > webp.length) return;
    yield { type: webp.toString('latin1', at, at + 4), data: webp.subarray(at + 8, end) };
    at = end + (end & 1);
  }
}

/** A whole chunk: type, length, data, and a NUL where the length is odd. */
export const riffChunk = ({ type, data }: RiffChunk): Buffer => {
  const chunk = Buffer.alloc(8 + data.length + (data.length & 1));
  chunk.write(type, 0, 'latin1');
  chunk.writeUInt32LE(data.length, 4);
  data.copy(chunk, 8);
  return chunk;
};
