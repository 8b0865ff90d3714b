import type { Sharp } from 'sharp';
import type { OutputFormat, PictureEncoding, RefinedPixels } from '../../records/picture.js';
import { addAlpha, flattenOnWhite, scaleAlpha } from './alpha.js';
import { carryMetadata, type PictureMetadata } from './carry-metadata.js';
import { sharp } from './configured-sharp.js';
import type { Alpha } from './load-picture.js';
import { withProfileFile } from './profile-file.js';

/** Measured, with the alternatives: docs/decisions/0005-picture-sizes-and-alpha.md. */
const DEFAULT_QUALITY = { jpeg: 90, webp: 90, avif: 75 };
/** sharp's default, 4, takes ten times as long and saves 3 %. */
const AVIF_EFFORT = 2;
/** As fast as zlib level 6 without row filters, and 10 to 45 % smaller. */
const PNG = { compressionLevel: 3, adaptiveFiltering: true };
const MILLIMETRES_OF_AN_INCH = 25.4;

/** Alpha and metadata of a picture. */
export interface PictureExtras extends PictureMetadata {
  /** Scaled to the picture if its size differs. */
  alpha: Alpha | null;
}

/** No alpha, no metadata. */
export const PLAIN_PICTURE: PictureExtras = { alpha: null, exif: null, density: null, profile: null };

/**
 * The bytes of a picture file: in sRGB, or converted to `profile`; RGB, or RGBA where there is alpha and the format supports it.
 * JPEG has transparent pixels on white. 16-bit pixels need a 16-bit PNG or TIFF encoding. TIFF has no EXIF: libvips cannot write it.
 */
export async function encodePicture(
  pixels: RefinedPixels,
  encoding: PictureEncoding,
  { alpha, ...metadata }: PictureExtras = PLAIN_PICTURE,
): Promise<Uint8Array> {
  const { width, height } = pixels;
  const scaledAlpha = alpha === null ? null : await scaleAlpha(alpha, width, height);
  const colours = scaledAlpha !== null && encoding.format === 'jpeg' ? flattenOnWhite(pixels, scaledAlpha) : pixels;
  const data = scaledAlpha !== null && encoding.format !== 'jpeg' ? addAlpha(colours, scaledAlpha) : colours.data;
  const channels = data.length === width * height * 4 ? 4 : 3;
  const plain = withBitDepth(sharp(data, { raw: { width, height, channels } }), encoding);
  const { exif, density, profile } = metadata;
  if (exif === null && density === null && profile === null) return write(plain, encoding, density).toBuffer();
  return withProfileFile(profile, async (profileFile) => {
    const image = withBitDepth(await carryMetadata(plain, metadata, profileFile), encoding);
    return write(image, encoding, density).toBuffer();
  });
}

/** Without an explicit colour space libvips reads 16-bit samples as 8-bit colours. */
function withBitDepth(image: Sharp, { bitDepth }: PictureEncoding): Sharp {
  return bitDepth === 16 ? image.toColourspace('rgb16') : image;
}

function write(image: Sharp, { format, quality }: PictureEncoding, density: number | null): Sharp {
  const writers: Record<OutputFormat, () => Sharp> = {
    png: () => image.png(PNG),
    /* Colour at full resolution: chroma subsampling would hide refined detail. */
    jpeg: () => image.jpeg({ quality: quality ?? DEFAULT_QUALITY.jpeg, chromaSubsampling: '4:4:4' }),
    webp: () => image.webp({ quality: quality ?? DEFAULT_QUALITY.webp }),
    avif: () => image.avif({ quality: quality ?? DEFAULT_QUALITY.avif, effort: AVIF_EFFORT }),
    tiff: () => image.tiff({ compression: 'deflate', predictor: 'horizontal', ...resolution(density) }),
  };
  return writers[format]();
}

function resolution(density: number | null): { xres?: number; yres?: number } {
  if (density === null) return {};
  const perMillimetre = density / MILLIMETRES_OF_AN_INCH;
  return { xres: perMillimetre, yres: perMillimetre };
}
