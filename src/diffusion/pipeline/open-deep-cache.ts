import { USUAL_CACHE_DEPTH } from '../../models/networks/unet.js';
import type { RefineSettings } from '../../records/settings.js';
import { LEAVE_CACHE_OUT } from '../../records/unet-forms.js';
import { DeepCache } from '../unet/deep-cache.js';
import type { Unet } from '../unet/predict-noise.js';
import { openForm } from './open-form.js';

/**
 * A picture's deep cache, for settings that `expectUnetForms` accepts.
 * @param order UNet calls in a step @returns null at interval 1: every call computes the whole network
 * @throws SESSION_RUN
 */
export const openDeepCache = async (
  unet: Unet,
  { cacheInterval: interval, cacheDepth: depth }: Pick<RefineSettings, 'cacheInterval' | 'cacheDepth'>,
  order: number,
): Promise<DeepCache | null> => {
  if (interval === 1) return null;
  const why = { field: 'cache_interval', mend: LEAVE_CACHE_OUT };
  const open = async (isShallow: boolean): Promise<Unet['session']> =>
    openForm(unet, { deepCache: { depth, isShallow } }, why);
  const whole = depth === USUAL_CACHE_DEPTH ? unet.session : await open(false);
  return new DeepCache({ interval, order, whole, shallow: await open(true) });
};
