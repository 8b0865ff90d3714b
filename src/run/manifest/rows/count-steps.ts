/** How much of a schedule runs, in UNet steps, as far as a row alone says it. */
import type { InvalidRow, Row } from '../../../records/row.js';
import type { RefineSettings } from '../../../records/settings.js';

type Schedule = Pick<RefineSettings, 'steps' | 'strength' | 'denoisingStart' | 'denoisingEnd'>;

/**
 * Steps of a row, of both models together; 0 of one that cannot run. With `denoisingStart`, `denoisingEnd` or a handoff the
 * count depends on where the scheduler puts its timesteps, and may differ by one.
 */
export const countSteps = (row: Pick<Row, 'settings' | 'generation'> | InvalidRow): number => {
  if ('error' in row) return 0;
  const { settings, generation } = row;
  if (generation === undefined) return countRefining(settings);
  const { handoff, refiner } = generation;
  const drawing = Math.round(settings.steps * (handoff ?? settings.denoisingEnd ?? 1));
  return drawing + (refiner === null ? 0 : countRefining(refiner));
};

/** Source: diffusers 0.42.1, StableDiffusionXLImg2ImgPipeline.get_timesteps. */
const countRefining = ({ steps, strength, denoisingStart, denoisingEnd }: Schedule): number => {
  const skippedBefore =
    denoisingStart === null ? steps - Math.floor(steps * strength) : Math.round(steps * denoisingStart);
  const skippedAfter = denoisingEnd === null ? 0 : Math.round(steps * (1 - denoisingEnd));
  return Math.max(0, steps - skippedBefore - skippedAfter);
};
