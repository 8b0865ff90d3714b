import { RefineError } from '../../errors.js';
import { LATENT_SCALE, type Fit, type Pixels, type Raster } from '../../records/picture.js';
import { sharp } from './configured-sharp.js';
import { samplesLike, type Samples } from './samples.js';

/** Number of pixels computed for a picture, with its sides rounded up to multiples of 8. */
export const paddedPixelCount = ({ width, height }: { width: number; height: number }): number =>
  padToMultiple(width) * padToMultiple(height);

const padToMultiple = (side: number): number => Math.ceil(side / LATENT_SCALE) * LATENT_SCALE;

/** A picture whose sides are multiples of 8. */
export interface FittedPicture {
  pixels: Pixels;
  /** Size to crop the refined picture to; null: no crop. */
  crop: PictureSize | null;
}

export interface PictureSize {
  width: number;
  height: number;
}

/**
 * Makes both sides multiples of 8. 'pad' repeats the last column and row, which `crop` removes again; 'resize' scales down, to
 * at least 8. Sizes and kernel (Lanczos) of 'resize' are those of VaeImageProcessor.get_default_height_width
 * (diffusers 0.42.1); its pixels are within 3 of 255 of Pillow's (golden/image.test.ts).
 */
export async function fitPicture(picture: Pixels, fit: Fit): Promise<FittedPicture> {
  const { width, height } = picture;
  if (width % LATENT_SCALE === 0 && height % LATENT_SCALE === 0) return { pixels: picture, crop: null };
  if (fit === 'resize') return { pixels: await resizeDown(picture), crop: null };
  return { pixels: extendEdges(picture), crop: { width, height } };
}

function extendEdges(picture: Pixels): Pixels {
  const [width, height] = [padToMultiple(picture.width), padToMultiple(picture.height)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = rowOf(picture, Math.min(y, picture.height - 1));
    const extended = data.subarray(y * width * 3, (y + 1) * width * 3);
    extended.set(row);
    for (let x = picture.width; x < width; x++) extended.set(row.subarray(-3), x * 3);
  }
  return { data, width, height };
}

/** Crops a refined picture. @param crop null: returns it unchanged @throws INTERNAL if it is smaller */
export function cropPicture<S extends Samples>(picture: Raster<S>, crop: PictureSize | null): Raster<S> {
  if (crop === null) return picture;
  const { width, height } = crop;
  if (picture.width < width || picture.height < height) {
    const found = `${picture.width}×${picture.height}`;
    throw new RefineError('INTERNAL', `Expected a refined picture of at least ${width}×${height}, found ${found}.`);
  }
  const data = samplesLike(picture.data, width * height * 3);
  for (let y = 0; y < height; y++) data.set(rowOf(picture, y).subarray(0, width * 3), y * width * 3);
  return { data, width, height };
}

function rowOf({ data, width }: Raster<Samples>, y: number): Samples {
  return data.subarray(y * width * 3, (y + 1) * width * 3);
}

async function resizeDown({ data, width, height }: Pixels): Promise<Pixels> {
  const down = (side: number): number => Math.max(LATENT_SCALE, side - (side % LATENT_SCALE));
  const size = { width: down(width), height: down(height) };
  const resized = sharp(data, { raw: { width, height, channels: 3 } }).resize({
    ...size,
    fit: 'fill',
    kernel: 'lanczos3',
  });
  return { data: await resized.raw().toBuffer(), ...size };
}
