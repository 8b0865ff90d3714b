/** Where one model leaves a schedule and another takes it up: the ensemble of experts (Podell et al. 2023, §2.5). */
import { RefineError } from '../../../errors.js';
import type { Schedule } from '../scheduler.js';
import { beginOfStart, type StepRange } from './step-range.js';

/**
 * The step at which the second model begins, and before which the first one stops: where diffusers 0.42.1's img2img
 * pipeline begins at `denoising_start`. Its text-to-image pipeline stops at `denoising_end` before the same step, but
 * after half of one with samplers of the second order: that half would be run twice, so we don't.
 *
 * @param share 0 to 1, exclusive: of the training timesteps
 * @param steps what the schedule was built with
 * @throws ROW_FIELD_INVALID when either model would have no step
 */
export const handoffStep = (schedule: Schedule, share: number, steps: number): number => {
  const step = beginOfStart(schedule, share);
  if (step > 0 && step < schedule.timesteps.length) return step;
  const why = step > 0 ? 'after it: the refiner would do nothing' : 'before it: the base model would do nothing';
  const message = `Expected a handoff inside a schedule of ${steps} steps, got ${share}: no step lies ${why}; raise steps, or move it`;
  throw new RefineError('ROW_FIELD_INVALID', message, { context: { share, steps } });
};

/** The steps of a run from noise. @param end null: to the last one @throws ROW_FIELD_INVALID as `handoffStep` */
export const rangeFromNoise = (schedule: Schedule, end: number | null, steps: number): StepRange => ({
  begin: 0,
  end: end === null ? schedule.timesteps.length : handoffStep(schedule, end, steps),
});
