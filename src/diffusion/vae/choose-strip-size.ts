/** Whether the autoencoder runs over the whole picture or over bands of it. Pure. */
import type { VaeConfig } from '../../models/networks/vae-config.js';
import type { HeightWidth } from '../../records/settings.js';
import type { VaeTiling } from '../../records/model-options.js';

const BYTES = 4;
/**
 * Measured at full size (docs/performance.md): the most private memory of a whole pass, in layers of the widest at full size; it
 * is 2.4 to 2.7 with channels in blocks, and 5.5 without.
 */
const LAYERS_OF_A_WHOLE = { blocked: 3, plain: 6 };
/** The same of a step over one band, in layers of the band. */
const LAYERS_OF_A_BAND = 14;
/** Weights are mapped and want to stay in memory as well, and pictures wait before and after. */
const SHARE_OF_A_WHOLE = 0.5;
const SHARE_OF_A_BAND = 0.1;
/** In numbers. More gains nothing; with less, the rows around a band are most of it. */
const [LARGEST_BAND, SMALLEST_BAND] = [2 ** 24, 2 ** 20];

export interface TilingOptions {
  tiling: VaeTiling;
  /** Bytes. */
  available: number;
  /** The whole's channels are in blocks (onnx/graph/cpu/nchwc-layout.ts). */
  isBlocked: boolean;
}

/**
 * @param size of the picture, in pixels
 * @returns null: over the whole picture; else the most numbers that a band's widest layer may have
 */
export const chooseBandSize = (
  { channels }: VaeConfig,
  [height, width]: HeightWidth,
  { tiling, available, isBlocked }: TilingOptions,
): number | null => {
  /* The decoder reaches full size with the channels of the level below. */
  const widest = height * width * Math.max(...channels.slice(0, 2)) * BYTES;
  if (tiling === 'off') return null;
  const layers = LAYERS_OF_A_WHOLE[isBlocked ? 'blocked' : 'plain'];
  if (tiling === 'auto' && widest * layers <= available * SHARE_OF_A_WHOLE) return null;
  const band = (available * SHARE_OF_A_BAND) / (BYTES * LAYERS_OF_A_BAND);
  return Math.round(Math.min(LARGEST_BAND, Math.max(SMALLEST_BAND, band)));
};
