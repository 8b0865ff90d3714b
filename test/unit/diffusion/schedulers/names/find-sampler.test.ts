import {
  findSamplerWithSpacing,
  findSampler,
  samplerSpellings,
  whyNoEquivalent,
} from '#src/diffusion/schedulers/names/find-sampler.js';
import { buildSchedule, configFor, isSchedulerName, parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { SAMPLERS, SPACINGS } from '#src/diffusion/schedulers/names/sampler-table.js';

const MODEL = parseSchedulerConfig({
  _class_name: 'EulerDiscreteScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  steps_offset: 1,
  timestep_spacing: 'leading',
  skip_prk_steps: true,
});

it.each([
  ['DPM++ 2M Karras', 'dpmpp_2m_karras', 'dpmpp_2m/karras', 'dpmpp_2m karras', 'k_dpmpp_2m_karras'],
  ['Euler a', 'euler_ancestral', 'euler a', 'Euler_A', 'euler_ancestral_normal'],
  ['DPM++ SDE Karras', 'dpmpp_sde_karras', 'dpmpp_sde_gpu/karras', 'dpm++sde karras'],
  ['Euler SGM Uniform', 'euler_sgm_uniform', 'euler/sgm_uniform', 'Euler Trailing'],
])('%s has other spellings: %p, %p', (name, ...others) => {
  const found = findSampler(name);
  expect(found?.name).toBe(name);
  for (const other of others) expect(findSampler(other)).toEqual(found);
});

it('every suggested spelling builds a schedule of its class', () => {
  for (const spelling of samplerSpellings) {
    const found = findSampler(spelling);
    expect(found).not.toBeNull();
    expect(isSchedulerName(found!.scheduler)).toBe(true);
    expect(findSampler(found!.name)).toEqual(found);
    const schedule = buildSchedule(configFor(spelling, MODEL), 10);
    expect(schedule.name).toBe(found!.name);
  }
});

it.each(
  SAMPLERS.flatMap(({ a1111, comfy, also, ...sampler }) =>
    [a1111, comfy, ...also].flatMap((name) => (name === null ? [] : [[name, sampler] as const])),
  ),
)('%s is the sampler of its table row only', (name, { scheduler, values }) => {
  expect(findSampler(name)).toMatchObject({ scheduler, values });
});

it('a name overrides the model’s timestep spacing', () => {
  const karras = parseSchedulerConfig({
    _class_name: 'EulerDiscreteScheduler',
    ...MODEL.values,
    use_karras_sigmas: true,
  });
  const plain = buildSchedule(configFor('Euler', karras), 10);
  expect(plain.timesteps[0]).toBe(999);
  expect(plain.timesteps).toEqual(buildSchedule(configFor('euler/normal', MODEL), 10).timesteps);
  expect(buildSchedule(configFor('euler_karras', MODEL), 10).sigmas).not.toEqual(plain.sigmas);
});

it('a known name without an equivalent differs from an unknown name', () => {
  expect(whyNoEquivalent('Euler a Karras')).toBe('Euler a does not support Karras spacing');
  expect(whyNoEquivalent('Restart')).toBe('Restart has no equivalent here');
  expect(whyNoEquivalent('dpmpp_2s_ancestral karras')).toMatch(/no equivalent/);
  expect(whyNoEquivalent('Euler Align Your Steps')).toMatch(/Align Your Steps has no equivalent/);
  expect(whyNoEquivalent('Eulr')).toBeNull();
  expect(() => configFor('Restart', MODEL)).toThrow(/"Restart": Restart has no equivalent here/);
});

it('an unsupported spacing in metadata falls back to the sampler alone', () => {
  expect(findSamplerWithSpacing('Euler a', 'Karras')?.name).toBe('Euler a');
  expect(findSamplerWithSpacing('Restart', 'Karras')).toBeNull();
  expect(SPACINGS.map(({ a1111 }) => findSamplerWithSpacing('Euler', a1111)?.name)).toContain('Euler Beta');
});
