/**
 * Gives raw pixels the metadata of a file. sharp writes EXIF only from the file that it reads, so the pixels go by way of an
 * uncompressed PNG that has the source's EXIF and resolution; libvips then puts both where the output's format keeps them.
 */
import { deflateSync, gzipSync } from 'node:zlib';
import type { Sharp } from 'sharp';
import { sharp } from './configured-sharp.js';

/** What a picture file says about the picture. */
export interface PictureMetadata {
  /** A TIFF block (Exif 2.32, 4.5.2), its orientation 1. */
  exif: Uint8Array | null;
  /** Pixels an inch. */
  density: number | null;
  /** ICC profile that the colours are written in; null: sRGB, without one. */
  profile: Uint8Array | null;
}

/** Signature and IHDR: what every PNG begins with. */
const PNG_HEAD_BYTES = 8 + 25;
const INCHES_OF_A_METRE = 1 / 0.0254;
/** pHYs counts by the metre. */
const METRE = 1;

/** @param pixels sRGB @param profileFile a file that holds `profile` until the picture is written; null where there is none */
export async function carryMetadata(
  pixels: Sharp,
  { exif, density }: PictureMetadata,
  profileFile: string | null,
): Promise<Sharp> {
  const png = await pixels.png({ compressionLevel: 0 }).toBuffer();
  const added = [
    /* Without it sharp takes 16-bit numbers for Display P3's when it moves them to another profile. */
    ...(profileFile === null ? [] : [chunk('iCCP', namedProfile(await srgbProfile()))]),
    ...(exif === null ? [] : [chunk('eXIf', exif)]),
    ...(density === null ? [] : [chunk('pHYs', physical(density))]),
  ];
  /* The first of two pHYs counts for libpng. */
  const carrier = Buffer.concat([png.subarray(0, PNG_HEAD_BYTES), ...added, png.subarray(PNG_HEAD_BYTES)]);
  const image = sharp(carrier, { limitInputPixels: false }).keepExif();
  return profileFile === null ? image : image.withIccProfile(profileFile);
}

/** libvips' own. */
async function srgbProfile(): Promise<Uint8Array> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } });
  const { icc } = await sharp(await pixel.withIccProfile('srgb').png().toBuffer()).metadata();
  return icc ?? new Uint8Array();
}

/** A name, method 0, and the profile (PNG 1.2, 4.2.2.4). */
const namedProfile = (profile: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from('sRGB\0\0', 'latin1'), deflateSync(profile)]);

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
