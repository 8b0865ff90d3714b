import {
  buildSchedule,
  configFor,
  parseSchedulerConfig,
  type CustomLevels,
} from '#src/diffusion/schedulers/registry.js';

const SDXL = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  timestep_spacing: 'leading',
  steps_offset: 1,
};

const build = (levels: Partial<CustomLevels>, steps: number, name = 'EulerDiscreteScheduler', more = {}) =>
  buildSchedule(parseSchedulerConfig({ _class_name: name, ...SDXL, ...more }), steps, {
    timesteps: null,
    sigmas: null,
    ...levels,
  });

describe('Align Your Steps', () => {
  const ays = (steps: number): number[] => [...build({ timesteps: 'ays' }, steps).timesteps];

  it('has the published timesteps for ten steps', () => {
    expect(ays(10)).toEqual([999, 845, 730, 587, 443, 310, 193, 116, 53, 13]);
  });

  it('passes through the published levels wherever it has one of them', () => {
    const [ten, twenty] = [ays(10), ays(20)];
    expect(twenty).toHaveLength(20);
    for (const [index, timestep] of ten.entries())
      expect(Math.abs(twenty[2 * index]! - timestep)).toBeLessThanOrEqual(1);
    /* Five steps: every second level. */
    expect(ays(5).map((timestep, index) => Math.abs(timestep - ten[2 * index]!) <= 1)).toEqual(Array(5).fill(true));
    for (const steps of [1, 3, 7, 15, 40]) {
      const timesteps = ays(steps);
      expect(timesteps).toHaveLength(steps);
      expect(timesteps.every((timestep, index) => index === 0 || timestep < timesteps[index - 1]!)).toBe(true);
    }
  });

  it('refuses so many steps that two would be equal', () => {
    expect(() => ays(900)).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }) as Error);
  });
});

it.each([
  ['DDIMScheduler', { timesteps: [900, 100] }, {}, /no timesteps with DDIMScheduler.*Take .*EulerDiscreteScheduler/],
  [
    'HeunDiscreteScheduler',
    { sigmas: [3, 1, 0] },
    {},
    /no sigmas with HeunDiscreteScheduler.*Take EulerDiscreteScheduler\./,
  ],
  ['EulerDiscreteScheduler', { timesteps: [900, 100] }, { use_karras_sigmas: true }, /use_karras_sigmas/],
  ['EulerDiscreteScheduler', { timesteps: [1000, 100] }, {}, /timesteps below 1000/],
  [
    'EulerDiscreteScheduler',
    { timesteps: 'ays' as const },
    { num_train_timesteps: 500 },
    /model with 1000 training timesteps for timesteps "ays", found 500/,
  ],
])('%s refuses %j', (name, levels, more, message) => {
  expect(() => build(levels, 'num_train_timesteps' in more ? 10 : 2, name, more)).toThrow(
    expect.objectContaining({ code: 'ROW_FIELD_INVALID', message: expect.stringMatching(message) as string }) as Error,
  );
});

it('a configuration file cannot have levels of its own', () => {
  expect([...build({}, 2, 'EulerDiscreteScheduler', { _timesteps: [5, 3] }).timesteps]).toEqual([501, 1]);
});

it('a spacing that the scheduler ignores does not matter', () => {
  const levels = { timesteps: [900, 100] };
  for (const name of ['LCMScheduler', 'TCDScheduler', 'DDPMScheduler']) {
    expect([...build(levels, 2, name, { use_karras_sigmas: true }).timesteps]).toEqual([900, 100]);
  }
});

it('a requested scheduler with a spacing is named as it was requested', () => {
  const config = configFor('DPM++ 2M Karras', parseSchedulerConfig({ _class_name: 'EulerDiscreteScheduler', ...SDXL }));
  expect(() => buildSchedule(config, 2, { timesteps: [900, 100], sigmas: null })).toThrow(
    /no timesteps with the scheduler "DPM\+\+ 2M Karras".*such as "DPM\+\+ 2M", or leave timesteps out/,
  );
});

it('Align Your Steps has the noise levels of the scheduler’s own defaults', () => {
  const { beta_start: _, beta_end: __, ...withoutBetas } = SDXL;
  const heun = (config: object): number[] => [
    ...buildSchedule(parseSchedulerConfig({ _class_name: 'HeunDiscreteScheduler', ...config }), 12, {
      timesteps: 'ays',
      sigmas: null,
    }).timesteps,
  ];
  expect(heun(withoutBetas)).toEqual(heun(SDXL));
});
