import {
  buildSchedule,
  configFor,
  isSchedulerName,
  parseSchedulerConfig,
  schedulerNames,
} from '#src/diffusion/schedulers/registry.js';

/** As published with stabilityai/stable-diffusion-xl-refiner-1.0. */
const REFINER = {
  _class_name: 'EulerDiscreteScheduler',
  _diffusers_version: '0.19.0.dev0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  interpolation_type: 'linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  sample_max_value: 1.0,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
  trained_betas: null,
  use_karras_sigmas: false,
};

it("the refiner's own configuration", () => {
  const schedule = buildSchedule(parseSchedulerConfig(REFINER), 50);
  expect(schedule.name).toBe('EulerDiscreteScheduler');
  expect(schedule).toMatchObject({ trainTimesteps: 1000, order: 1 });
  expect([...schedule.timesteps.subarray(0, 2)]).toEqual([981, 961]);
});

it.each([
  ['prediction_type', 'flow_prediction'],
  ['beta_schedule', 'sigmoid'],
  ['timestep_spacing', null],
  ['steps_offset', 0.5],
  ['num_train_timesteps', '1000'],
  ['trained_betas', [0.1, 'x']],
  ['use_beta_sigmas', 'yes'],
  ['_class_name', 'FlowMatchEulerDiscreteScheduler'],
  ['shift_of_nobody', 3],
])('refuses "%s": %p by name', (key, value) => {
  expect(() => parseSchedulerConfig({ ...REFINER, [key]: value })).toThrow(
    expect.objectContaining({
      code: 'MODEL_CONFIG_UNSUPPORTED',
      context: { key },
      message: expect.stringContaining(`"${key}": ${JSON.stringify(value)}`) as string,
    }),
  );
});

it('refuses two sigma spacings at once', () => {
  const both = { ...REFINER, use_karras_sigmas: true, use_beta_sigmas: true };
  expect(() => parseSchedulerConfig(both)).toThrow(/use_beta_sigmas is also set/);
});

it.each([[null], [[]], ['Euler'], [{ beta_start: 1 }]])('%p is no scheduler_config.json', (json) => {
  expect(() => parseSchedulerConfig(json)).toThrow(expect.objectContaining({ code: 'MODEL_CONFIG_INVALID' }));
});

it('a row keeps the model’s scheduler, or takes another with its values', () => {
  const model = parseSchedulerConfig(REFINER);
  expect(configFor(null, model)).toBe(model);
  for (const name of schedulerNames) {
    const config = configFor(name, model);
    expect(config).toMatchObject({ name, values: { steps_offset: 1 } });
    expect(buildSchedule(config, 20).name).toBe(name);
  }
});

it('an unknown scheduler is the row’s error', () => {
  expect(isSchedulerName('toString')).toBe(false);
  expect(() => configFor('Eulr', parseSchedulerConfig(REFINER))).toThrow(
    expect.objectContaining({ code: 'ROW_FIELD_INVALID', message: expect.stringContaining('found "Eulr"') as string }),
  );
});
