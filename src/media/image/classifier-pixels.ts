/** Decodes and resizes a picture for an image classifier of Hugging Face's transformers. */
import type { Pixels } from '../../records/picture.js';
import { sharp } from './configured-sharp.js';
import { loadPicture } from './load-picture.js';

/** Size settings of its preprocessor. */
export interface ClassifierSize {
  /** Both sides, ignoring proportions; or the shorter side, keeping proportions. */
  resize: { width: number; height: number } | { shortest: number };
  /** Center crop after the resize. */
  crop: { width: number; height: number } | null;
  kernel: 'nearest' | 'lanczos3' | 'linear' | 'cubic';
}

/**
 * sRGB, upright, the first frame, without alpha: transparent pixels show the colour that the file stores for them.
 * Fails with `IMAGE_UNDECODABLE` or `IMAGE_TOO_LARGE`.
 */
export async function readClassifierPixels(
  bytes: Uint8Array,
  { resize, crop, kernel }: ClassifierSize,
): Promise<Pixels> {
  const { pixels } = await loadPicture(bytes, 'The picture to screen');
  const scale = 'shortest' in resize ? resize.shortest / Math.min(pixels.width, pixels.height) : 1;
  const size =
    'shortest' in resize
      ? { width: Math.round(pixels.width * scale), height: Math.round(pixels.height * scale) }
      : resize;
  const raw = { width: pixels.width, height: pixels.height, channels: 3 } as const;
  const image = sharp(pixels.data, { raw }).resize({ ...size, fit: 'fill', kernel });
  if (crop !== null) image.extract(middle(size, crop));
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const middle = (
  size: { width: number; height: number },
  crop: { width: number; height: number },
): { left: number; top: number; width: number; height: number } => {
  const [width, height] = [Math.min(size.width, crop.width), Math.min(size.height, crop.height)];
  return { left: (size.width - width) >> 1, top: (size.height - height) >> 1, width, height };
};
