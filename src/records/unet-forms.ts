/** DeepCache and FreeU need other forms of the UNet than a plain row: whether a model has them. */
import { RefineError } from '../errors.js';
import type { RefineSettings } from './settings.js';

/** Layers of the UNet's finest up block, the most that `cache_depth` can be; null: an ONNX export, which has one form. */
export type MaxCacheDepth = number | null;

/** @throws ROW_FIELD_INVALID naming the setting, before anything is computed */
export const expectUnetForms = (
  most: MaxCacheDepth,
  { cacheInterval, cacheDepth, freeu }: Pick<RefineSettings, 'cacheInterval' | 'cacheDepth' | 'freeu'>,
): void => {
  if (freeu !== null && most === null) throw needsSafetensors('freeu', 'whose UNet has no inputs for it', LEAVE_OUT);
  if (cacheInterval === 1) return;
  if (most === null) {
    throw needsSafetensors('cache_interval', 'whose UNet does not output its deep features', LEAVE_CACHE_OUT);
  }
  if (cacheDepth <= most) return;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected cache_depth to be at most ${most}, the layers of the finest up block of this UNet, got ${cacheDepth}`,
    { context: { field: 'cache_depth', most } },
  );
};

const LEAVE_OUT = 'leave it out';
/** A preset sets it too. */
export const LEAVE_CACHE_OUT = 'leave cache_interval out (with --speed: give --speed exact)';

const needsSafetensors = (field: string, why: string, mend: string): RefineError =>
  new RefineError(
    'ROW_FIELD_INVALID',
    `Expected no ${field} with an ONNX export, ${why}: ${mend}, or give the model as safetensors`,
    { context: { field } },
  );
