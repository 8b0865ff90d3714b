/** Pictures made for these tests: small, and no two neighbouring pixels alike. */
import sharp, { type Sharp } from 'sharp';
import type { Pixels } from '#src/records/picture.js';

/** u8 [height, width, channels], the same on every run. */
export const pattern = (width: number, height: number, channels: number): Uint8Array =>
  Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 97 + (i >> 3) * 31) % 256);

export const rgb = (width: number, height: number): Pixels => ({ data: pattern(width, height, 3), width, height });

export const ofRaw = (data: Uint8Array, width: number, height: number): Sharp =>
  sharp(data, { raw: { width, height, channels: (data.length / width / height) as 1 | 2 | 3 | 4 } });

/** 16×16 of one colour, which lossy formats keep. */
export const plain = (red: number, green: number, blue: number): Sharp =>
  ofRaw(
    Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => [red, green, blue][i % 3]!),
    16,
    16,
  );

export const bytes = (data: Uint8Array): number[] => Array.from(data);

/** The header of a PNG that says `width` × `height`; no pixel follows. */
export const pngHeader = (width: number, height: number): Buffer => {
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(width, 0);
  ihdr.writeUInt32BE(height, 4);
  ihdr.set([8, 2], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', ihdr), chunk('IDAT', Buffer.alloc(16))]);
};

/** PNG specification, annex D. */
export const crc32 = (data: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
};
