/**
 * Align Your Steps: noise levels optimized for few steps of SDXL (Sabour et al. 2024, arXiv:2404.14507). The ten timesteps, and the
 * sigmas from which other counts are interpolated, are those of the authors' page and of diffusers 0.42
 * (schedulers/scheduling_utils.py, `AysSchedules`).
 */
import { RefineError } from '../../../errors.js';
import type { TrainedNoise } from './noise-schedule.js';
import { linspace, roundHalfEven } from './numpy-ranges.js';
import { timestepOf } from './sigmas.js';

const TIMESTEPS = [999, 845, 730, 587, 443, 310, 193, 116, 53, 13];
/** Sigmas of these timesteps, and the lowest training sigma, at which no step begins. */
const SIGMAS = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113, 0.029];

/** @returns `steps` timesteps, falling @throws ROW_FIELD_INVALID if two would be equal, because there are too many steps */
export const alignedTimesteps = (steps: number, { sigmas }: TrainedNoise): number[] => {
  if (steps === TIMESTEPS.length) return TIMESTEPS;
  const [logs, logSigmas] = [SIGMAS.map(Math.log), sigmas.map(Math.log)];
  const places = linspace(0, SIGMAS.length - 1, steps + 1).slice(0, -1);
  const timesteps = places.map((place) => {
    const below = Math.floor(place);
    const log = logs[below]! + (place - below) * (logs[below + 1]! - logs[below]!);
    return roundHalfEven(timestepOf(Math.exp(log), logSigmas));
  });
  if (timesteps.every((timestep, index) => index === 0 || timestep < timesteps[index - 1]!)) return timesteps;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected fewer steps with timesteps "ays", got ${steps}: two steps would have the same timestep.`,
    { context: { field: 'steps', value: steps } },
  );
};
