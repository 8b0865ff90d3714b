import { MAX_CHUNKS } from '../limits.js';

export interface JpegSegment {
  /** The byte after 0xFF. */
  marker: number;
  data: Buffer;
  /** Offsets of the segment's 0xFF, and of the byte after the segment. */
  start: number;
  end: number;
}

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
/** TEM and RST0 to RST7 have no length. */
const hasNoLength = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/** The segments of a JPEG before its first scan; ends early where the file is damaged. */
export function* jpegSegments(jpeg: Buffer): Generator<JpegSegment> {
  let at = 2;
  for (let count = 0; count < MAX_CHUNKS && at + 4 <= jpeg.length && jpeg[at] === 0xff; count++) {
    const marker = jpeg.readUInt8(at + 1);
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return;
    if (marker === 0xff) {
      at += 1;
    } else if (hasNoLength(marker)) {
      at += 2;
    } else {
      const end = at + 2 + jpeg.readUInt16BE(at + 2);
      if (end < at + 4 || end > jpeg.length) return;
      yield { marker, data: jpeg.subarray(at + 4, end), start: at, end };
      at = end;
    }
  }
}
