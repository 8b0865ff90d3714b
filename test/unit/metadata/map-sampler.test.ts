import { mapSampler, samplerOf } from '#src/metadata/map-sampler.js';

const ALL = [
  'EulerDiscreteScheduler',
  'EulerAncestralDiscreteScheduler',
  'HeunDiscreteScheduler',
  'LMSDiscreteScheduler',
  'DDIMScheduler',
  'PNDMScheduler',
  'KDPM2DiscreteScheduler',
  'KDPM2AncestralDiscreteScheduler',
  'DPMSolverMultistepScheduler',
  'DPMSolverSinglestepScheduler',
  'DPMSolverSDEScheduler',
  'UniPCMultistepScheduler',
  'DEISMultistepScheduler',
  'LCMScheduler',
];

test.each([
  ['Euler', 'EulerDiscreteScheduler'],
  ['euler', 'EulerDiscreteScheduler'],
  ['euler_k', 'EulerDiscreteScheduler'],
  ['Euler a', 'EulerAncestralDiscreteScheduler'],
  ['Euler A Trailing', 'EulerAncestralDiscreteScheduler'],
  ['euler_ancestral', 'EulerAncestralDiscreteScheduler'],
  ['k_euler_a', 'EulerAncestralDiscreteScheduler'],
  ['k_euler_ancestral', 'EulerAncestralDiscreteScheduler'],
  ['DPM++ 2M', 'DPMSolverMultistepScheduler'],
  ['DPM++ 2M Karras', 'DPMSolverMultistepScheduler'],
  ['dpmpp_2m', 'DPMSolverMultistepScheduler'],
  ['dpmpp_2m_k', 'DPMSolverMultistepScheduler'],
  ['k_dpmpp_2m', 'DPMSolverMultistepScheduler'],
  ['dpmpp_2s_k', 'DPMSolverSinglestepScheduler'],
  ['DPM++ SDE Karras', 'DPMSolverSDEScheduler'],
  ['dpmpp_sde_gpu', 'DPMSolverSDEScheduler'],
  ['DPM2', 'KDPM2DiscreteScheduler'],
  ['dpm_2', 'KDPM2DiscreteScheduler'],
  ['kdpm_2_k', 'KDPM2DiscreteScheduler'],
  ['DPM2 a Karras', 'KDPM2AncestralDiscreteScheduler'],
  ['dpm_2_ancestral', 'KDPM2AncestralDiscreteScheduler'],
  ['kdpm_2_a', 'KDPM2AncestralDiscreteScheduler'],
  ['Heun', 'HeunDiscreteScheduler'],
  ['LMS Karras', 'LMSDiscreteScheduler'],
  ['DDIM', 'DDIMScheduler'],
  ['PLMS', 'PNDMScheduler'],
  ['UniPC', 'UniPCMultistepScheduler'],
  ['uni_pc', 'UniPCMultistepScheduler'],
  ['deis', 'DEISMultistepScheduler'],
  ['LCM', 'LCMScheduler'],
  ['DDIMScheduler', 'DDIMScheduler'],
])('%s is %s', (sampler, name) => {
  expect(mapSampler({ sampler }, ALL)).toBe(name);
});

test.each([
  'DPM++ 2M SDE',
  'dpmpp_2m_sde_gpu',
  'DPM++ 3M SDE',
  'DPM++ 2S a',
  'DPM adaptive',
  'constructor',
  '',
  'Restart',
])('%p has no class with a configuration of its own', (sampler) => {
  expect(mapSampler({ sampler }, ALL)).toBeNull();
});

test('only what can run, and only if the picture says so', () => {
  expect(mapSampler({ sampler: 'Heun' }, ['EulerDiscreteScheduler'])).toBeNull();
  expect(mapSampler({ sampler: null }, ALL)).toBeNull();
});

test("A1111's names of what we run lead back to it", () => {
  const named = ALL.filter((name) => samplerOf(name) !== name);
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect(mapSampler({ sampler: samplerOf(name) }, ALL)).toBe(name);
  expect(samplerOf('DEISMultistepScheduler')).toBe('DEISMultistepScheduler');
});
