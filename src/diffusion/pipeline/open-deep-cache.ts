import { RefineError } from '../../errors.js';
import { maxCacheDepth, USUAL_CACHE_DEPTH } from '../../models/networks/unet.js';
import type { RefineSettings } from '../../records/settings.js';
import { DeepCache } from '../unet/deep-cache.js';
import type { Unet } from '../unet/predict-noise.js';

/**
 * A picture's deep cache.
 * @param order UNet calls in a step @returns null at interval 1: every call computes the whole network
 * @throws ROW_FIELD_INVALID SESSION_CREATE
 */
export const openDeepCache = async (
  { config, session, openForm }: Unet,
  { cacheInterval: interval, cacheDepth: depth }: Pick<RefineSettings, 'cacheInterval' | 'cacheDepth'>,
  order: number,
): Promise<DeepCache | null> => {
  if (interval === 1) return null;
  if (openForm === undefined) {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      'Expected no cache_interval with an ONNX export, whose UNet does not output its deep features: remove it, or give the model as safetensors',
    );
  }
  const most = maxCacheDepth(config);
  if (depth > most) {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      `Expected cache_depth to be at most ${most}, the layers of the finest up block of this UNet, got ${depth}`,
    );
  }
  const whole = depth === USUAL_CACHE_DEPTH ? session : await openForm({ deepCache: { depth, isShallow: false } });
  const shallow = await openForm({ deepCache: { depth, isShallow: true } });
  return new DeepCache({ interval, order, whole, shallow });
};
