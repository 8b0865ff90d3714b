import { handoffStep, rangeFromNoise } from '#src/diffusion/schedulers/noise/handoff.js';
import { buildSchedule, type SchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { stepRange } from '#src/diffusion/schedulers/noise/step-range.js';
import { readCase } from '../../../../support/golden.js';

const { scheduler_config: values, unet_timesteps: golden } = readCase('ensemble-base-0.8');
const scheduleOf = (name: SchedulerConfig['name'], steps: number) => buildSchedule({ name, values }, steps);

it('the handoff step is the reference’s', () => {
  const schedule = scheduleOf('EulerDiscreteScheduler', 20);
  const { begin, end } = rangeFromNoise(schedule, 0.8, 20);
  expect([...schedule.timesteps.subarray(begin, end)]).toEqual(golden);
  expect(rangeFromNoise(schedule, null, 20)).toEqual({ begin: 0, end: 20 });
});

const NAMES = [
  'DDIMScheduler',
  'DPMSolverMultistepScheduler',
  'EulerAncestralDiscreteScheduler',
  'EulerDiscreteScheduler',
  'HeunDiscreteScheduler',
  'KDPM2DiscreteScheduler',
  'UniPCMultistepScheduler',
] as const;

it.each(NAMES)('%s: the second model starts where the first one stops', (name) => {
  for (const [steps, share] of [
    [20, 0.8],
    [7, 0.5],
    [30, 0.35],
  ] as const) {
    const schedule = scheduleOf(name, steps);
    const { end } = rangeFromNoise(schedule, share, steps);
    expect(end).toBe(stepRange(schedule, { steps, strength: 1, denoisingStart: share, denoisingEnd: null }).begin);
    /* Samplers of the second order take whole steps of two calls, but for the first half of the first one. */
    if (schedule.order === 2) expect(end % 2).toBe(0);
  }
});

it.each([
  [0.001, /no step lies before it: the base model would do nothing/],
  [0.9995, /no step lies after it: the refiner would do nothing/],
])('refuses a handoff of %s', (share, message) => {
  expect(() => handoffStep(scheduleOf('EulerDiscreteScheduler', 20), share, 20)).toThrow(message);
});
