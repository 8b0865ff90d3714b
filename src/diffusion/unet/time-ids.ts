/** SDXL's micro-conditioning (Podell et al. 2023, arXiv:2307.01952, §2.2; diffusers 0.42 `_get_add_time_ids`). */
import type { HeightWidth, RefineSettings } from '../../records/settings.js';

/** The fifth (and sixth) time id that a model was trained with. */
export type TimeIdKind = 'aesthetic-score' | 'target-size';

export interface TimeIds {
  positive: readonly number[];
  negative: readonly number[];
}

/**
 * Refiner: original height and width, crop top and left, aesthetic score. Base: target height and width instead of the score.
 * @param size of the image that the model processes; default of sizes that the settings omit
 */
export const buildTimeIds = (kind: TimeIdKind, settings: RefineSettings, size: HeightWidth): TimeIds => {
  const original = settings.originalSize ?? size;
  const target = settings.targetSize ?? size;
  const negativeOriginal = settings.negativeOriginalSize ?? original;
  const negativeTarget = settings.negativeTargetSize ?? target;
  const last = kind === 'aesthetic-score' ? [settings.aestheticScore] : target;
  const negativeLast = kind === 'aesthetic-score' ? [settings.negativeAestheticScore] : negativeTarget;
  return {
    positive: [...original, ...settings.cropsCoordsTopLeft, ...last],
    negative: [...negativeOriginal, ...settings.negativeCropsCoordsTopLeft, ...negativeLast],
  };
};

export const TIME_ID_COUNT: Readonly<Record<TimeIdKind, number>> = { 'aesthetic-score': 5, 'target-size': 6 };
