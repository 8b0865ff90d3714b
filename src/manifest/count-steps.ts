/** How much of a schedule runs, in UNet steps. */
import type { RefineSettings } from '../records.js';

/**
 * Steps of an img2img run. With `denoisingStart` or `denoisingEnd` the count depends on where the scheduler puts its
 * timesteps, and may differ by one.
 *
 * Source: diffusers 0.42.1, StableDiffusionXLImg2ImgPipeline.get_timesteps.
 */
export const countSteps = (
  settings: Pick<RefineSettings, 'steps' | 'strength' | 'denoisingStart' | 'denoisingEnd'>,
): number => {
  const { steps, strength, denoisingStart, denoisingEnd } = settings;
  const skippedBefore =
    denoisingStart === null ? steps - Math.floor(steps * strength) : Math.round(steps * denoisingStart);
  const skippedAfter = denoisingEnd === null ? 0 : Math.round(steps * (1 - denoisingEnd));
  return Math.max(0, steps - skippedBefore - skippedAfter);
};
