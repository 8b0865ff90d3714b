/**
 * Gives raw pixels the metadata of a file. sharp writes EXIF only from the file that it reads, so the pixels go by way of an
 * uncompressed PNG that has the source's EXIF and resolution; libvips then puts both where the output's format keeps them.
 */
import { gzipSync } from 'node:zlib';
import type { Sharp } from 'sharp';
import { sharp } from './configured-sharp.js';

/** What a picture file says about the picture. */
export interface PictureMetadata {
  /** A TIFF block (Exif 2.32, 4.5.2), its orientation 1. */
  exif: Uint8Array | null;
  /** Pixels an inch. */
  density: number | null;
}

/** Signature and IHDR: what every PNG begins with. */
const PNG_HEAD_BYTES = 8 + 25;
const INCHES_OF_A_METRE = 1 / 0.0254;
/** pHYs counts by the metre. */
const METRE = 1;

export async function carryMetadata(pixels: Sharp, { exif, density }: PictureMetadata): Promise<Sharp> {
  const png = await pixels.png({ compressionLevel: 0 }).toBuffer();
  const added = [
    ...(exif === null ? [] : [chunk('eXIf', exif)]),
    ...(density === null ? [] : [chunk('pHYs', physical(density))]),
  ];
  /* The first of two pHYs counts for libpng. */
  const carrier = Buffer.concat([png.subarray(0, PNG_HEAD_BYTES), ...added, png.subarray(PNG_HEAD_BYTES)]);
  return sharp(carrier, { limitInputPixels: false }).keepExif();
}

function physical(density: number): Uint8Array {
  const data = Buffer.alloc(9);
  const perMetre = Math.round(density * INCHES_OF_A_METRE);
  data.writeUInt32BE(perMetre, 0);
  data.writeUInt32BE(perMetre, 4);
  data[8] = METRE;
  return data;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const checked = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(checked), 4);
  return Buffer.concat([ends.subarray(0, 4), checked, ends.subarray(4)]);
}

/** gzip ends with the checksum that PNG has (RFC 1952, 2.3.1); Node's own function came only with 20.15. */
function crc32(data: Uint8Array): number {
  const zipped = gzipSync(data, { level: 0 });
  return zipped.readUInt32LE(zipped.length - 8);
}
