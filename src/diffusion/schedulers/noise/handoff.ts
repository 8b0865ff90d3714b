/** The handoff from base model to refiner within one schedule: the ensemble of experts (Podell et al. 2023, §2.5). */
import { RefineError } from '../../../errors.js';
import type { Schedule } from '../scheduler.js';
import { expectComputable } from './expect-computable.js';
import { denoisingStartStep, expectShares, type StepRange } from './step-range.js';

/**
 * The first step of the second model, at which the first model stops: where diffusers 0.42.1's img2img pipeline starts with
 * `denoising_start`. Its text-to-image pipeline stops at `denoising_end` before the same step, but with second-order samplers
 * half a step later. That half would run twice, so it is omitted here.
 *
 * @param share 0 to 1, exclusive: of the training timesteps
 * @param steps of the whole schedule
 * @throws ROW_FIELD_INVALID if a model would have no step
 */
export const handoffStep = (schedule: Schedule, share: number, steps: number): number => {
  expectShares(schedule, 'denoising_end');
  const step = denoisingStartStep(schedule, share);
  if (step > 0 && step < schedule.timesteps.length) return step;
  const why = step > 0 ? 'after it: the refiner would do nothing' : 'before it: the base model would do nothing';
  const message = `Expected a handoff inside a schedule of ${steps} steps, got ${share}: no step lies ${why}; raise steps, or move it`;
  throw new RefineError('ROW_FIELD_INVALID', message, { context: { share, steps } });
};

/** The steps of a run from noise. @param end null: to the last one @throws ROW_FIELD_INVALID as `handoffStep`, or if the steps cannot be computed */
export const rangeFromNoise = (schedule: Schedule, end: number | null, steps: number): StepRange => {
  const range = { begin: 0, end: end === null ? schedule.timesteps.length : handoffStep(schedule, end, steps) };
  expectComputable(schedule, range, steps);
  return range;
};
