import type { Pixels } from '../records.js';
import { sharp } from './configured-sharp.js';
import { type PictureFormat, openPicture, undecodable } from './open-picture.js';

/** How much of each pixel covers what lies behind it: u8 [height, width], 255 is opaque. */
export interface Alpha {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A decoded picture. */
export interface LoadedPicture {
  /** sRGB, upright. Transparent pixels keep the colour that the file stores for them. */
  pixels: Pixels;
  /** null where every pixel is opaque. */
  alpha: Alpha | null;
  format: PictureFormat;
}

/**
 * Decodes a picture to 8-bit sRGB: the first frame or page, turned upright by its EXIF orientation; greyscale, palette, CMYK, Lab
 * and 16 bits converted, colours moved from an embedded profile to sRGB (docs/decisions/0005-picture-sizes-and-alpha.md).
 * Fails with `IMAGE_UNDECODABLE` or `IMAGE_TOO_LARGE`. `where` names the picture in messages.
 */
export async function loadPicture(bytes: Uint8Array, where: string): Promise<LoadedPicture> {
  const { image, header, metadata } = await openPicture(bytes, where);
  // sharp brings 16-bit colours with a profile to Display P3, and takes P3 numbers for sRGB unless an output profile is named.
  if (metadata.space === 'rgb16' && metadata.hasProfile) image.withIccProfile('srgb');
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((thrown: unknown) => {
      throw undecodable(where, thrown);
    });
  const { width, height, channels } = info;
  if (channels === 3) return { pixels: { data, width, height }, alpha: null, format: header.format };
  if (channels !== 4) throw undecodable(where, `${channels} channels`);
  const raw = { raw: { width, height, channels } };
  const [rgb, alpha] = await Promise.all([
    sharp(data, raw).removeAlpha().raw().toBuffer(),
    sharp(data, raw).extractChannel(3).raw().toBuffer(),
  ]);
  const isOpaque = alpha.every((value) => value === 255);
  return {
    pixels: { data: rgb, width, height },
    alpha: isOpaque ? null : { data: alpha, width, height },
    format: header.format,
  };
}
