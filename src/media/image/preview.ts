/** Small copies of pictures: previews for a page, tiles for a contact sheet. */
import { sharp } from './configured-sharp.js';
import { type PictureHeader, openPicture } from './open-picture.js';

/** Pictures up to this size are encoded lossless: at this size lossy artefacts would dominate. */
const LOSSLESS_SIDE = 256;
/** Keeps fine grain. A noisy picture of 1024 × 1024 takes 40 ms and 100 kB; with smartSubsample (sharper colour) 130 ms. */
const LOSSY = { quality: 86, effort: 2 };

export interface Preview {
  webp: Uint8Array;
  /** Header of the original picture, which may be larger than the preview. */
  header: PictureHeader;
}

/**
 * A picture as WebP, upright sRGB, its longest side at most `maxSide` pixels; never enlarged.
 * Fails with `IMAGE_UNDECODABLE` or `IMAGE_TOO_LARGE`. `where` names the picture in messages.
 */
export async function encodePreview(bytes: Uint8Array, where: string, maxSide: number): Promise<Preview> {
  const { image, header } = await openPicture(bytes, where);
  const lossless = Math.min(maxSide, Math.max(header.width, header.height)) <= LOSSLESS_SIDE;
  image.resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true }).toColourspace('srgb');
  return { webp: await image.webp(lossless ? { lossless } : LOSSY).toBuffer(), header };
}

/** A PNG and its size. */
export interface Tile {
  png: Uint8Array;
  width: number;
  height: number;
}

/**
 * A picture as PNG, its longest side exactly `side` pixels. A smaller one is first enlarged by a whole factor
 * to stay crisp. Errors as for `encodePreview`.
 */
export async function encodeTile(bytes: Uint8Array, where: string, side: number): Promise<Tile> {
  const { image, header } = await openPicture(bytes, where);
  const { width, height } = header;
  const times = Math.ceil(side / Math.max(width, height));
  const enlarged = times === 1 ? image : sharp(await enlarge(image, width * times, height * times));
  const { data, info } = await enlarged
    .resize({ width: side, height: side, fit: 'inside' })
    .toColourspace('srgb')
    .png()
    .toBuffer({ resolveWithObject: true });
  return { png: data, width: info.width, height: info.height };
}

type Image = ReturnType<typeof sharp>;

function enlarge(image: Image, width: number, height: number): Promise<Buffer> {
  return image.resize({ width, height, fit: 'fill', kernel: 'nearest' }).png().toBuffer();
}
