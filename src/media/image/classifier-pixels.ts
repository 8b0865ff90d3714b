/** Decodes and resizes a picture for an image classifier of Hugging Face's transformers. */
import { RefineError } from '../../errors.js';
import type { Pixels } from '../../records/picture.js';
import { sharp } from './configured-sharp.js';
import { loadPicture } from './load-picture.js';

interface Size {
  width: number;
  height: number;
}

/** Of the network's input without a crop: 200 MB as float32. A strip of one pixel's width would have gigabytes. */
const MAX_CLASSIFIER_PIXELS = 4096 * 4096;

/** Size settings of its preprocessor. */
export interface ClassifierSize {
  /** Both sides, ignoring proportions; or the shorter side, keeping proportions. */
  resize: Size | { shortest: number };
  /** Center crop after the resize. */
  crop: Size | null;
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
  const size = 'shortest' in resize ? sizeOf(pixels, resize.shortest) : resize;
  if (crop === null && size.width * size.height > MAX_CLASSIFIER_PIXELS) {
    throw new RefineError(
      'IMAGE_TOO_LARGE',
      `The picture to screen would have ${size.width}×${size.height} pixels for the classifier, which accepts ${MAX_CLASSIFIER_PIXELS}. ` +
        'Cut the long strip, or use a classifier with a crop size.',
    );
  }
  const raw = { width: pixels.width, height: pixels.height, channels: 3 } as const;
  const image = sharp(pixels.data, { raw }).resize({ ...size, fit: 'fill', kernel });
  if (crop !== null) image.extract(middle(size, crop));
  const padding = crop === null ? null : paddingOf(size, crop);
  if (padding !== null) image.extend({ ...padding, background: 'black' });
  /* sharp's own info leaves the padding out. */
  const { width, height } = crop ?? size;
  return { data: await image.raw().toBuffer(), width, height };
}

/** As transformers' `get_resize_output_image_size`: the longer side is cut to a whole number, not rounded. */
const sizeOf = ({ width, height }: Size, shortest: number): Size => {
  const longest = Math.trunc((shortest * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: shortest, height: longest } : { width: longest, height: shortest };
};

/** As transformers' `center_crop`: zeros around what is smaller than the crop; null if nothing is. */
const paddingOf = (size: Size, crop: Size): { left: number; right: number; top: number; bottom: number } | null => {
  const [across, down] = [Math.max(0, crop.width - size.width), Math.max(0, crop.height - size.height)];
  if (across + down === 0) return null;
  return { left: Math.ceil(across / 2), right: across >> 1, top: Math.ceil(down / 2), bottom: down >> 1 };
};

const middle = (size: Size, crop: Size): { left: number; top: number; width: number; height: number } => {
  const [width, height] = [Math.min(size.width, crop.width), Math.min(size.height, crop.height)];
  return { left: (size.width - width) >> 1, top: (size.height - height) >> 1, width, height };
};
