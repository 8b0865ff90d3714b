/**
 * Refuses schedules with so many steps that their arithmetic has no result: with about as many steps as the model has training
 * timesteps, the first can lie beyond the last of these, and rounding makes two levels equal, whose difference multistep methods
 * divide by. diffusers 0.42 fails at the first with an index error, and at the second with a picture of NaN.
 */
import { RefineError } from '../../../errors.js';
import type { NoiseSource } from '../../random/noise-source.js';
import type { Schedule } from '../scheduler.js';

/** Steps `begin` up to, not including, `end`. */
interface Steps {
  readonly begin: number;
  readonly end: number;
}

/** @throws ROW_FIELD_INVALID */
export const expectComputable = (schedule: Schedule, { begin, end }: Steps, steps: number): void => {
  const { timesteps, sigmas, trainTimesteps, order } = schedule;
  const levels = sigmas.subarray(begin, end);
  /* Steps of second order repeat levels. */
  const isUsual =
    levels.every((level, index) => Number.isFinite(level) && (order === 2 || level !== levels[index - 1])) &&
    timesteps.subarray(begin, end).every((timestep) => timestep < trainTimesteps);
  if (isUsual || endsFinite(schedule, { begin, end })) return;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected fewer steps with ${schedule.name}, found ${steps}: they are too close together to compute. Ask for at most ${Math.floor(trainTimesteps * MOST_SHARE)}.`,
    { context: { field: 'steps', value: steps } },
  );
};

/** Of the training timesteps: no scheduler has the problem with fewer. */
const MOST_SHARE = 0.99;

/** Runs all steps on one number. */
const endsFinite = (schedule: Schedule, { begin, end }: Steps): boolean => {
  const sampler = schedule.sampler();
  let current = schedule.addNoise(Float32Array.of(0.5), Float32Array.of(0.5), begin);
  for (let step = begin; step < end; step++) {
    if (!Number.isFinite(current[0])) return false;
    current = sampler.step(Float32Array.of(0.1), step, current, NOISE);
  }
  return Number.isFinite(current[0]);
};

const NOISE: NoiseSource = {
  normal: (count) => new Float32Array(count).fill(0.1),
  treeSeed: 0,
  ofSeed: () => NOISE,
};
