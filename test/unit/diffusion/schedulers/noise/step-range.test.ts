import { buildSchedule, configFor, parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { rangeFromNoise } from '#src/diffusion/schedulers/noise/handoff.js';
import { stepRange, type StartSettings, type StepRange } from '#src/diffusion/schedulers/noise/step-range.js';

const SDXL = parseSchedulerConfig({
  _class_name: 'EulerDiscreteScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  timestep_spacing: 'leading',
  steps_offset: 1,
});
const PLAIN = { strength: 0.3, denoisingStart: null, denoisingEnd: null };
const timestepsOf = (settings: StartSettings): number[] => {
  const schedule = buildSchedule(SDXL, settings.steps);
  const { begin, end } = stepRange(schedule, settings);
  return [...schedule.timesteps.subarray(begin, end)];
};
const down = (from: number, to: number, by: number): number[] =>
  Array.from({ length: (from - to) / by + 1 }, (_, i) => from - i * by);

/** The UNet's timesteps of the recorded pipeline runs. */
it.each<[string, Partial<StartSettings> & { steps: number }, number[]]>([
  ['refine-default', { steps: 50 }, down(281, 1, 20)],
  ['refine-strength-0.6-steps-12', { steps: 12, strength: 0.6 }, [499, 416, 333, 250, 167, 84, 1]],
  ['refine-strength-1', { steps: 6, strength: 1 }, [831, 665, 499, 333, 167, 1]],
  ['refine-no-guidance', { steps: 10, strength: 0.4 }, [301, 201, 101, 1]],
  ['refine-odd-size', { steps: 8, strength: 0.5 }, [376, 251, 126, 1]],
  ['refine-two-passes-seed-63bit', { steps: 10, strength: 0.3 }, [201, 101, 1]],
  ['refine-denoising-start-pixels', { steps: 20, denoisingStart: 0.7, denoisingEnd: 0.9 }, [251, 201, 151, 101]],
  ['ensemble-base-0.8', { steps: 20, strength: 1, denoisingEnd: 0.8 }, down(951, 201, 50)],
  ['ensemble-refiner-0.8', { steps: 20, denoisingStart: 0.8 }, [151, 101, 51, 1]],
])('%s', (_, settings, expected) => {
  expect(timestepsOf({ ...PLAIN, ...settings })).toEqual(expected);
});

it('base and refiner run every step once', () => {
  for (const share of [0.2, 0.5, 0.65, 0.8, 0.95]) {
    const base = timestepsOf({ steps: 40, strength: 1, denoisingStart: null, denoisingEnd: share });
    const refiner = timestepsOf({ ...PLAIN, steps: 40, denoisingStart: share });
    expect([...base, ...refiner]).toEqual([...buildSchedule(SDXL, 40).timesteps]);
  }
});

it.each<[string, Partial<StartSettings>, string]>([
  ['3 steps of strength 0.3', { steps: 3 }, 'strength'],
  ['a start after the last timestep', { steps: 10, denoisingStart: 0.9999 }, 'denoising_start'],
  ['an end before the first step', { steps: 10, strength: 0.3, denoisingEnd: 0.5 }, 'denoising_end'],
  ['an end before the start', { steps: 10, denoisingStart: 0.8, denoisingEnd: 0.8 }, 'denoising_end'],
])('an error, since no step would run: %s', (_, settings, field) => {
  expect(() => timestepsOf({ ...PLAIN, steps: 10, ...settings })).toThrow(
    expect.objectContaining({ code: 'ROW_FIELD_INVALID', context: { field } }),
  );
});

describe('so many steps that they cannot be computed', () => {
  const STRENGTH_1 = { ...PLAIN, strength: 1 };

  it.each([
    ['DDIMScheduler', 1000],
    ['DDPMScheduler', 1000],
    ['PNDMScheduler', 1000],
    ['LMSDiscreteScheduler', 1000],
    ['DPMSolverSDEScheduler', 1000],
    ['DEISMultistepScheduler', 999],
    ['DPMSolverMultistepScheduler', 999],
    ['UniPCMultistepScheduler', 999],
    ['DPM++ 2M SDE', 1000],
    ['DPM++ 3M SDE', 1000],
  ])('%s: %d of strength 1 are refused, and 990 are not', (name, steps) => {
    const config = configFor(name, { ...SDXL, values: { ...SDXL.values, skip_prk_steps: true } });
    const rangeAt = (count: number, settings = STRENGTH_1): StepRange =>
      stepRange(buildSchedule(config, count), { ...settings, steps: count });
    expect(() => rangeAt(steps)).toThrow(
      expect.objectContaining({
        code: 'ROW_FIELD_INVALID',
        message: expect.stringContaining('at most 990') as string,
        context: { field: 'steps', value: steps },
      }),
    );
    expect(rangeAt(990).end).toBeGreaterThanOrEqual(990);
    /* Its last steps alone can be computed. */
    expect(rangeAt(steps, PLAIN).begin).toBeGreaterThan(0);
  });

  it.each(['EulerDiscreteScheduler', 'Euler a', 'HeunDiscreteScheduler'])('%s runs all', (name) => {
    const schedule = buildSchedule(configFor(name, SDXL), 1000);
    expect(stepRange(schedule, { ...STRENGTH_1, steps: 1000 }).begin).toBe(0);
  });

  it('from noise', () => {
    const schedule = buildSchedule(configFor('DDIMScheduler', SDXL), 1000);
    expect(() => rangeFromNoise(schedule, null, 1000)).toThrow(/at most 990/);
  });
});

it.each([
  [{ _class_name: 'EDMEulerScheduler' }],
  [{ _class_name: 'EulerDiscreteScheduler', prediction_type: 'v_prediction', timestep_type: 'continuous' }],
])('timesteps of %j are no shares of the schedule', (json) => {
  const schedule = buildSchedule(parseSchedulerConfig(json), 20);
  const settings = { ...PLAIN, strength: 1, steps: 20 };
  expect(stepRange(schedule, settings)).toEqual({ begin: 0, end: 20 });
  const error = (field: string): object => ({
    code: 'ROW_FIELD_INVALID',
    message: expect.stringContaining(json._class_name) as string,
    context: { field },
  });
  expect(() => stepRange(schedule, { ...settings, denoisingEnd: 0.8 })).toThrow(
    expect.objectContaining(error('denoising_end')),
  );
  expect(() => stepRange(schedule, { ...settings, denoisingStart: 0.8 })).toThrow(
    expect.objectContaining(error('denoising_start')),
  );
  expect(() => rangeFromNoise(schedule, 0.8, 20)).toThrow(expect.objectContaining(error('denoising_end')));
});
