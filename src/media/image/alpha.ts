/** Scales alpha to a picture, adds it as a fourth channel, and flattens transparent pixels on white. */
import type { RefinedPixels } from '../../records/picture.js';
import { sharp } from './configured-sharp.js';
import type { Alpha } from './load-picture.js';
import { samplesLike, maxSampleValue } from './samples.js';

const COLOURS = 3;
const OPAQUE = 255;

/** Alpha at the picture's size. */
export async function scaleAlpha(alpha: Alpha, width: number, height: number): Promise<Uint8Array> {
  if (alpha.width === width && alpha.height === height) return alpha.data;
  return sharp(alpha.data, { raw: { width: alpha.width, height: alpha.height, channels: 1 } })
    .resize({ width, height, fit: 'fill', kernel: 'lanczos3' })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
}

/** RGBA [height, width, 4] with the bit depth of the RGB input. @param alpha u8 [height, width] */
export function addAlpha({ data }: RefinedPixels, alpha: Uint8Array): Uint8Array | Uint16Array {
  const both = samplesLike(data, alpha.length * 4);
  /* 8-bit 255 is 16-bit 65535: factor 257. */
  const scale = maxSampleValue(data) / OPAQUE;
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    for (let colour = 0; colour < COLOURS; colour++) both[pixel * 4 + colour] = data[pixel * COLOURS + colour] ?? 0;
    both[pixel * 4 + COLOURS] = (alpha[pixel] ?? 0) * scale;
  }
  return both;
}

/** The picture over a white background. @param alpha u8 [height, width] */
export function flattenOnWhite({ data, width, height }: RefinedPixels, alpha: Uint8Array): RefinedPixels {
  const over = samplesLike(data, data.length);
  const white = maxSampleValue(data);
  for (let index = 0; index < data.length; index++) {
    const opacity = (alpha[Math.floor(index / COLOURS)] ?? 0) / OPAQUE;
    over[index] = Math.round((data[index] ?? 0) * opacity + white * (1 - opacity));
  }
  return { data: over, width, height };
}
