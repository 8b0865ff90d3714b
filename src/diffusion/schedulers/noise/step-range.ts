/**
 * The steps of a schedule that run, by strength, `denoising_start` and `denoising_end`: diffusers 0.42,
 * pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl_img2img.py, `get_timesteps` and the cut at `denoising_end`.
 */
import { RefineError } from '../../../errors.js';
import type { RefineSettings } from '../../../records/settings.js';
import { expectComputable } from './expect-computable.js';
import { roundHalfEven } from './numpy-ranges.js';
import type { Schedule } from '../scheduler.js';

/** Steps `begin` up to, not including, `end`. */
export interface StepRange {
  readonly begin: number;
  readonly end: number;
}

export type StartSettings = Pick<RefineSettings, 'steps' | 'strength' | 'denoisingStart' | 'denoisingEnd'>;

/**
 * @param settings with the `steps` of the schedule
 * @throws ROW_FIELD_INVALID if no step is left, or the steps cannot be computed
 */
export const stepRange = (schedule: Schedule, settings: StartSettings): StepRange => {
  const range = rangeOf(schedule, settings);
  expectComputable(schedule, range, settings.steps);
  return range;
};

const rangeOf = (schedule: Schedule, settings: StartSettings): StepRange => {
  const { denoisingStart: start, denoisingEnd: end } = settings;
  if (start !== null) expectShares(schedule, 'denoising_start');
  if (end !== null) expectShares(schedule, 'denoising_end');
  if (start !== null && end !== null && start >= end) {
    throw noSteps(`denoising_start ${start} is not before denoising_end ${end}`, 'denoising_end');
  }
  const begin = start === null ? strengthStartStep(schedule, settings) : denoisingStartStep(schedule, start);
  if (begin >= schedule.timesteps.length) {
    const why =
      start === null
        ? `${settings.steps} steps times strength ${settings.strength}, rounded down, is 0`
        : `none of the ${settings.steps} steps lies after denoising_start ${start}`;
    throw noSteps(why, start === null ? 'strength' : 'denoising_start');
  }
  if (end === null) return { begin, end: schedule.timesteps.length };
  const cutoff = timestepAt(schedule, end);
  const count = schedule.timesteps.subarray(begin).filter((timestep) => timestep >= cutoff).length;
  if (count === 0) throw noSteps(`none of the steps that would run lies before denoising_end ${end}`, 'denoising_end');
  return { begin, end: begin + count };
};

/** First step when the share `strength` of the steps runs. */
const strengthStartStep = ({ order }: Schedule, { steps, strength }: StartSettings): number =>
  Math.max(steps - Math.min(Math.trunc(steps * strength), steps), 0) * order;

/** The step of the first timestep after the share `start` of the schedule. */
export const denoisingStartStep = (schedule: Schedule, start: number): number => {
  const { timesteps, order } = schedule;
  const cutoff = timestepAt(schedule, start);
  const count = timesteps.filter((timestep) => timestep < cutoff).length;
  // A second-order step has two timesteps, except the first: an even count would begin inside a step.
  return timesteps.length - (order === 2 && count % 2 === 0 ? count + 1 : count);
};

/** The training timestep at a share of the schedule. */
const timestepAt = ({ trainTimesteps }: Schedule, share: number): number =>
  roundHalfEven(trainTimesteps - share * trainTimesteps);

/** @throws ROW_FIELD_INVALID if timesteps are not those of the training schedule, of which handoffs are shares */
export const expectShares = ({ name, hasLogTimesteps }: Schedule, field: string): void => {
  if (hasLogTimesteps !== true) return;
  const message = `Expected no ${field} with ${name} and continuous timesteps, which are no shares of the training schedule. Leave it out, or choose another scheduler.`;
  throw new RefineError('ROW_FIELD_INVALID', message, { context: { field } });
};

const noSteps = (why: string, field: string): RefineError =>
  new RefineError('ROW_FIELD_INVALID', `No step would run: ${why}. Ask for more steps, or a larger part of them.`, {
    context: { field },
  });
