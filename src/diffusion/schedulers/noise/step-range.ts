/**
 * Which steps of a schedule run: diffusers 0.42, pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl_img2img.py,
 * `get_timesteps` and the cut at `denoising_end`.
 */
import { RefineError } from '../../../errors.js';
import type { RefineSettings } from '../../../records/settings.js';
import { roundHalfEven } from './numpy-ranges.js';
import type { Schedule } from '../scheduler.js';

/** Steps `begin` up to, not including, `end`. */
export interface StepRange {
  readonly begin: number;
  readonly end: number;
}

export type StartSettings = Pick<RefineSettings, 'steps' | 'strength' | 'denoisingStart' | 'denoisingEnd'>;

/**
 * @param settings `steps` is what the schedule was built with
 * @throws ROW_FIELD_INVALID when no step is left
 */
export const stepRange = (schedule: Schedule, settings: StartSettings): StepRange => {
  const { denoisingStart: start, denoisingEnd: end } = settings;
  if (start !== null && end !== null && start >= end) {
    throw nothingLeft(`denoising_start ${start} is not before denoising_end ${end}`, 'denoising_end');
  }
  const begin = start === null ? beginOfStrength(schedule, settings) : beginOfStart(schedule, start);
  if (begin >= schedule.timesteps.length) {
    const why =
      start === null
        ? `${settings.steps} steps times strength ${settings.strength}, rounded down, is 0`
        : `none of the ${settings.steps} steps lies after denoising_start ${start}`;
    throw nothingLeft(why, start === null ? 'strength' : 'denoising_start');
  }
  if (end === null) return { begin, end: schedule.timesteps.length };
  const cutoff = timestepAt(schedule, end);
  const count = schedule.timesteps.subarray(begin).filter((timestep) => timestep >= cutoff).length;
  if (count === 0)
    throw nothingLeft(`none of the steps that would run lies before denoising_end ${end}`, 'denoising_end');
  return { begin, end: begin + count };
};

/** The last `strength` of the steps. */
const beginOfStrength = ({ order }: Schedule, { steps, strength }: StartSettings): number =>
  Math.max(steps - Math.min(Math.trunc(steps * strength), steps), 0) * order;

/** The first timestep below the share of noise that is taken as removed. */
export const beginOfStart = (schedule: Schedule, start: number): number => {
  const { timesteps, order } = schedule;
  const cutoff = timestepAt(schedule, start);
  const count = timesteps.filter((timestep) => timestep < cutoff).length;
  // A second-order step is two timesteps, all but the highest: an even count would begin in the middle of one.
  return timesteps.length - (order === 2 && count % 2 === 0 ? count + 1 : count);
};

/** Training timestep where `share` of the noise is gone. */
const timestepAt = ({ trainTimesteps }: Schedule, share: number): number =>
  roundHalfEven(trainTimesteps - share * trainTimesteps);

const nothingLeft = (why: string, field: string): RefineError =>
  new RefineError('ROW_FIELD_INVALID', `No step would run: ${why}. Ask for more steps, or a larger part of them.`, {
    context: { field },
  });
