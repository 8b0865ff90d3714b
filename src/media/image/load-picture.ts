import type { Pixels } from '../../records/picture.js';
import type { PictureMetadata } from './carry-metadata.js';
import { sharp } from './configured-sharp.js';
import { MAX_EXIF_BYTES, MAX_PROFILE_BYTES } from './limits.js';
import { type OpenedPicture, type PictureFormat, openPicture, undecodable } from './open-picture.js';
import { isWritable } from './profile-file.js';
import { uprightExif } from './upright-exif.js';

/** Pixels per inch assumed for a file without a resolution. */
const USUAL_DENSITY = 72;

/** JPEG has 16 bits for it, TIFF fractions, PNG whole pixels per metre. */
const isStorable = (density: number): boolean => density >= 1 && density <= 65_535;

/** Opacity of each pixel: u8 [height, width], 255 is opaque. */
export interface Alpha {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A decoded picture and its file's metadata. */
export interface LoadedPicture extends PictureMetadata {
  /** sRGB, upright. Transparent pixels keep the colour that the file stores for them. */
  pixels: Pixels;
  /** null where every pixel is opaque. */
  alpha: Alpha | null;
  format: PictureFormat;
  /** Frames of an animation, or pages. */
  frames: number;
}

/**
 * Decodes a picture to 8-bit sRGB: the first frame or page, turned upright by its EXIF orientation; greyscale, palette, CMYK, Lab
 * of 16 bits, and 16 bits converted, colours converted from an embedded profile to sRGB (docs/decisions/0005-picture-sizes-and-alpha.md).
 * Fails with `IMAGE_UNDECODABLE` or `IMAGE_TOO_LARGE`. `where` names the picture in messages.
 */
export async function loadPicture(bytes: Uint8Array, where: string): Promise<LoadedPicture> {
  const { image, header, metadata } = await openPicture(bytes, where);
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((thrown: unknown) => {
      throw undecodable(where, thrown);
    });
  const { width, height, channels } = info;
  const about = { format: header.format, frames: metadata.pages ?? 1, ...metadataOf(metadata) };
  if (channels === 3) return { pixels: { data, width, height }, alpha: null, ...about };
  if (channels !== 4) throw undecodable(where, `${channels} channels`);
  const raw = { raw: { width, height, channels } };
  const [rgb, alpha] = await Promise.all([
    sharp(data, raw).removeAlpha().raw().toBuffer(),
    sharp(data, raw).extractChannel(3).raw().toBuffer(),
  ]);
  return {
    pixels: { data: rgb, width, height },
    alpha: isOpaque(alpha) ? null : { data: alpha, width, height },
    ...about,
  };
}

/** Compared by blocks, in native code: a loop over 64 million pixels would hold up a server. */
const OPAQUE_BLOCK = Buffer.alloc(2 ** 16, 255);

function isOpaque(alpha: Buffer): boolean {
  for (let at = 0; at < alpha.length; at += OPAQUE_BLOCK.length) {
    const block = alpha.subarray(at, at + OPAQUE_BLOCK.length);
    if (!block.equals(OPAQUE_BLOCK.subarray(0, block.length))) return false;
  }
  return true;
}

function metadataOf({ exif, density, icc }: OpenedPicture['metadata']): PictureMetadata {
  return {
    exif: exif === undefined || exif.length > MAX_EXIF_BYTES ? null : uprightExif(exif),
    density: density === undefined || density === USUAL_DENSITY || !isStorable(density) ? null : density,
    profile: icc !== undefined && icc.length <= MAX_PROFILE_BYTES && isWritable(icc) ? icc : null,
  };
}
