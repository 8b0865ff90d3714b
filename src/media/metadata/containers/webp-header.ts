/** VP8X, the first chunk of a WebP with metadata (WebP container specification, "Extended File Format"). */
import { RefineError } from '../../../errors.js';
import type { RiffChunk } from './riff-chunks.js';

const HAS_EXIF = 0x08;
const HAS_ALPHA = 0x10;

/**
 * The chunks with a VP8X first that announces EXIF; it is added if there is none.
 * @throws INTERNAL if the pixels' chunk has no size
 */
export const withVp8x = (chunks: readonly RiffChunk[]): RiffChunk[] => {
  const [first, ...rest] = chunks;
  if (first?.type === 'VP8X' && first.data.length >= 10) {
    const data = Buffer.from(first.data);
    data.writeUInt8(data.readUInt8(0) | HAS_EXIF, 0);
    return [{ type: 'VP8X', data }, ...rest];
  }
  const canvas = first === undefined ? null : (CANVAS[first.type]?.(first.data) ?? null);
  if (canvas === null) throw new RefineError('INTERNAL', 'Expected a WebP whose first chunk says its size.');
  const data = Buffer.alloc(10);
  data.writeUInt8(HAS_EXIF | (canvas.hasAlpha ? HAS_ALPHA : 0), 0);
  data.writeUIntLE(canvas.width - 1, 4, 3);
  data.writeUIntLE(canvas.height - 1, 7, 3);
  return [{ type: 'VP8X', data }, ...chunks];
};

interface Canvas {
  width: number;
  height: number;
  hasAlpha: boolean;
}

/** Readers of the size by pixel chunk: RFC 6386, 9.1 (lossy), and the WebP lossless specification, 3. */
const CANVAS: Readonly<Record<string, (data: Buffer) => Canvas | null>> = {
  'VP8 ': (data) => {
    if (data.length < 10 || data.readUIntBE(3, 3) !== 0x9d012a) return null;
    return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff, hasAlpha: false };
  },
  VP8L: (data) => {
    if (data.length < 5 || data[0] !== 0x2f) return null;
    const bits = data.readUInt32LE(1);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, hasAlpha: ((bits >>> 28) & 1) === 1 };
  },
};
