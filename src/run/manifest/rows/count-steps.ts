/** Counts the UNet steps of a row, without knowing the model. */
import type { InvalidRow, Row } from '../../../records/row.js';
import type { RefineSettings } from '../../../records/settings.js';

type Schedule = Pick<RefineSettings, 'steps' | 'strength' | 'denoisingStart' | 'denoisingEnd'>;

/**
 * Steps of a row, of both models together; 0 for an invalid row. With `denoisingStart`, `denoisingEnd` or a handoff the
 * count depends on the scheduler's timestep spacing, and may differ by one.
 */
export const countSteps = (row: Pick<Row, 'settings' | 'generation'> | InvalidRow): number => {
  if ('error' in row) return 0;
  const { settings, generation } = row;
  if (generation === undefined) return countRefinerSteps(settings);
  const { handoff, refiner } = generation;
  const baseSteps = Math.round(settings.steps * (handoff ?? settings.denoisingEnd ?? 1));
  return baseSteps + (refiner === null ? 0 : countRefinerSteps(refiner));
};

/** Source: diffusers 0.42.1, StableDiffusionXLImg2ImgPipeline.get_timesteps. */
const countRefinerSteps = ({ steps, strength, denoisingStart, denoisingEnd }: Schedule): number => {
  const skippedBefore =
    denoisingStart === null ? steps - Math.floor(steps * strength) : Math.round(steps * denoisingStart);
  const skippedAfter = denoisingEnd === null ? 0 : Math.round(steps * (1 - denoisingEnd));
  return Math.max(0, steps - skippedBefore - skippedAfter);
};
