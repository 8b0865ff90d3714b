/** Chooses whether the VAE runs over the whole image or over row strips. Pure. */
import type { VaeConfig } from '../../models/networks/vae-config.js';
import type { HeightWidth } from '../../records/settings.js';
import type { VaeTiling } from '../../records/model-options.js';

const BYTES = 4;
/**
 * Peak private memory of a pass over the whole image, in widest feature maps of full resolution (docs/performance.md). Measured:
 * 2.4 to 2.7 in the NCHWc layout, 5.5 without.
 */
const FEATURE_MAPS_OF_WHOLE = { nchwc: 3, plain: 6 };
/** Peak private memory of a step over one strip, in widest feature maps of the strip. */
const FEATURE_MAPS_OF_STRIP = 14;
/** Shares of available memory: mapped weights and the images before and after also need memory. */
const SHARE_OF_WHOLE = 0.5;
const SHARE_OF_STRIP = 0.1;
/** In numbers. A larger strip is not faster; a smaller one consists mostly of its margins. */
const [LARGEST_STRIP, SMALLEST_STRIP] = [2 ** 24, 2 ** 20];

export interface TilingOptions {
  tiling: VaeTiling;
  /** Bytes. */
  available: number;
  /** The pass over the whole image uses the NCHWc layout (onnx/graph/cpu/nchwc-layout.ts). */
  isNchwc: boolean;
}

/**
 * @param size of the image, in pixels
 * @returns null: the whole image; else the most numbers of a strip's widest feature map
 */
export const chooseStripSize = (
  { channels }: VaeConfig,
  [height, width]: HeightWidth,
  { tiling, available, isNchwc }: TilingOptions,
): number | null => {
  /* The decoder upsamples to full resolution before it reduces the channels. */
  const widest = height * width * Math.max(...channels.slice(0, 2)) * BYTES;
  if (tiling === 'off') return null;
  const featureMaps = FEATURE_MAPS_OF_WHOLE[isNchwc ? 'nchwc' : 'plain'];
  if (tiling === 'auto' && widest * featureMaps <= available * SHARE_OF_WHOLE) return null;
  const strip = (available * SHARE_OF_STRIP) / (BYTES * FEATURE_MAPS_OF_STRIP);
  return Math.round(Math.min(LARGEST_STRIP, Math.max(SMALLEST_STRIP, strip)));
};
