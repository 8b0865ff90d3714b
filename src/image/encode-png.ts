import type { Pixels } from '../records.js';
import { sharp } from './configured-sharp.js';
import type { Alpha } from './load-picture.js';

/** As fast as zlib level 6 without row filters, and 10 to 45 % smaller: docs/decisions/0005-picture-sizes-and-alpha.md. */
const COMPRESSION = { compressionLevel: 3, adaptiveFiltering: true };

/** An 8-bit PNG: RGB, or RGBA where the source had alpha; an alpha of another size is scaled to the picture's. */
export async function encodePng({ data, width, height }: Pixels, alpha: Alpha | null): Promise<Uint8Array> {
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  if (alpha !== null) {
    const { buffer, byteOffset, byteLength } = await scaled(alpha, width, height);
    image.joinChannel(Buffer.from(buffer, byteOffset, byteLength), { raw: { width, height, channels: 1 } });
  }
  return image.png(COMPRESSION).toBuffer();
}

async function scaled(alpha: Alpha, width: number, height: number): Promise<Uint8Array> {
  if (alpha.width === width && alpha.height === height) return alpha.data;
  return sharp(alpha.data, { raw: { width: alpha.width, height: alpha.height, channels: 1 } })
    .resize({ width, height, fit: 'fill', kernel: 'lanczos3' })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
}
