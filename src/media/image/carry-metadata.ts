/**
 * Gives raw pixels the metadata of a file. sharp writes EXIF only from the file that it reads, so the pixels pass through an
 * uncompressed PNG that has the source's EXIF and resolution; libvips then writes both as the output's format requires.
 */
import { deflateSync } from 'node:zlib';
import type { Sharp } from 'sharp';
import { pngChunk } from '../metadata/containers/png-chunks.js';
import { sharp } from './configured-sharp.js';

/** Metadata of a picture file that its output keeps. */
export interface PictureMetadata {
  /** A TIFF block (Exif 2.32, 4.5.2) with orientation 1. */
  exif: Uint8Array | null;
  /** Pixels per inch. */
  density: number | null;
  /** ICC profile of the written colours; null: sRGB without a profile. */
  profile: Uint8Array | null;
}

/** Signature and IHDR, the beginning of every PNG. */
const PNG_HEAD_BYTES = 8 + 25;
const INCHES_OF_A_METRE = 1 / 0.0254;
/** pHYs's unit: pixels per metre. */
const METRE = 1;

/** @param pixels sRGB @param profileFile a file with `profile` that exists until the picture is written; null without a profile */
export async function carryMetadata(
  pixels: Sharp,
  { exif, density }: PictureMetadata,
  profileFile: string | null,
): Promise<Sharp> {
  const png = await pixels.png({ compressionLevel: 0 }).toBuffer();
  const added = [
    /* Without it sharp reads 16-bit values as Display P3 when it converts them to another profile. */
    ...(profileFile === null ? [] : [pngChunk('iCCP', namedProfile(await srgbProfile()))]),
    ...(exif === null ? [] : [pngChunk('eXIf', exif)]),
    ...(density === null ? [] : [pngChunk('pHYs', physical(density))]),
  ];
  /* Of two pHYs chunks libpng uses the first. */
  const carrier = Buffer.concat([png.subarray(0, PNG_HEAD_BYTES), ...added, png.subarray(PNG_HEAD_BYTES)]);
  const image = sharp(carrier, { limitInputPixels: false }).keepExif();
  return profileFile === null ? image : image.withIccProfile(profileFile);
}

/** libvips' built-in sRGB profile. */
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
