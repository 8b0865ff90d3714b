import { ignoredLevels, mapSampler } from '#src/media/metadata/map-sampler.js';
import { toA1111 } from '#src/diffusion/schedulers/names/find-sampler.js';

/** As pictures name them: the sampler, and the noise levels if the program names them apart. */
it.each([
  ['Euler', null, 'Euler'],
  ['euler', 'normal', 'Euler'],
  ['euler', 'sgm_uniform', 'Euler SGM Uniform'],
  ['Euler', 'Automatic', 'Euler'],
  ['euler_k', null, 'Euler Karras'],
  ['Euler a', null, 'Euler a'],
  ['Euler A Trailing', null, 'Euler a SGM Uniform'],
  ['euler_ancestral', 'karras', 'Euler a'],
  ['k_euler_a', null, 'Euler a'],
  ['k_euler_ancestral', 'native', 'Euler a'],
  ['DPM++ 2M', 'Automatic', 'DPM++ 2M Karras'],
  ['DPM++ 2M', 'Karras', 'DPM++ 2M Karras'],
  ['DPM++ 2M Karras', null, 'DPM++ 2M Karras'],
  ['dpmpp_2m', 'karras', 'DPM++ 2M Karras'],
  ['dpmpp_2m_k', null, 'DPM++ 2M Karras'],
  ['k_dpmpp_2m', null, 'DPM++ 2M'],
  ['DPM++ 2M SDE', 'Automatic', 'DPM++ 2M SDE Exponential'],
  ['dpmpp_2m_sde_gpu', 'beta', 'DPM++ 2M SDE Beta'],
  ['dpmpp_2s_k', null, 'dpmpp_2s Karras'],
  ['DPM++ SDE Karras', null, 'DPM++ SDE Karras'],
  ['dpmpp_sde_gpu', 'karras', 'DPM++ SDE Karras'],
  ['kdpm_2_k', null, 'DPM2 Karras'],
  ['DPM2 a Karras', null, 'DPM2 a Karras'],
  ['Heun', 'Polyexponential', 'Heun Exponential'],
  ['LMS Karras', null, 'LMS Karras'],
  ['DDIM', 'Automatic', 'DDIM'],
  ['ddim', 'ddim_uniform', 'DDIM'],
  ['PLMS', null, 'PLMS'],
  ['uni_pc', 'simple', 'UniPC Simple'],
  ['deis', null, 'deis'],
  ['LCM', 'SGM Uniform', 'LCM'],
  ['DDIMScheduler', null, 'DDIMScheduler'],
  // Levels in the name, as stable-diffusion.cpp and Draw Things write them; those that a sampler does not take are left out.
  ['euler discrete', null, 'Euler'],
  ['euler_a karras', null, 'Euler a'],
  ['dpm++2m karras', null, 'DPM++ 2M Karras'],
  ['TCD Trailing', null, 'TCD'],
  ['LCM Karras', 'normal', 'LCM'],
  ['DDIM Karras', null, 'DDIM'],
  ['Euler A AYS', null, 'Euler a'],
  ['UniPC Trailing', null, 'UniPC SGM Uniform'],
  ['DPM++ 2M KL Optimal', null, 'DPM++ 2M'],
  ['DPM++ 2M', 'KL Optimal', 'DPM++ 2M'],
  ['Euler A Substep', null, 'Euler a'],
  ['Euler a (karras)', null, 'Euler a'],
  ['Euler, karras', null, 'Euler Karras'],
  // SD.Next and InvokeAI.
  ['LMSD', null, 'LMS'],
  ['DPM SDE', 'karras', 'DPM++ SDE Karras'],
  ['Euler SGM', null, 'Euler SGM Uniform'],
  ['DPM++ 3M', null, 'DPM++ 3M'],
  ['dpmpp_3m_k', null, 'DPM++ 3M Karras'],
])('%s with %p is %s', (sampler, scheduler, name) => {
  expect(mapSampler({ sampler, scheduler })).toBe(name);
});

it.each(['DPM++ 2S a', 'DPM++ 2S a Karras', 'euler_cfg_pp', 'DPM adaptive', 'constructor', '', 'Restart', 'Karras'])(
  '%p is nothing here',
  (sampler) => {
    expect(mapSampler({ sampler, scheduler: null })).toBeNull();
  },
);

it('only if the picture says so', () => {
  expect(mapSampler({ sampler: null, scheduler: 'karras' })).toBeNull();
});

it.each([
  ['DPM++ 2M Karras', { sampler: 'DPM++ 2M', spacing: 'Karras' }],
  ['DPM++ 2M SDE Heun', { sampler: 'DPM++ 2M SDE Heun', spacing: null }],
  ['Euler a', { sampler: 'Euler a', spacing: null }],
  ['EulerDiscreteScheduler', { sampler: 'Euler', spacing: null }],
  ['DEISMultistepScheduler', { sampler: 'DEISMultistepScheduler', spacing: null }],
  ['deis Karras', { sampler: 'deis Karras', spacing: null }],
])('A1111 calls %s %p, and that leads back', (name, written) => {
  expect(toA1111(name)).toEqual(written);
  if (!name.endsWith('Scheduler')) {
    expect(mapSampler({ sampler: written.sampler, scheduler: written.spacing })).toBe(name);
  }
});

it.each([
  ['Euler', 'Karras', null],
  ['Euler', 'Align Your Steps', 'Align Your Steps'],
  ['Euler a', 'Karras', 'Karras'],
  ['Euler a Karras', null, 'Euler a Karras'],
  ['DPM++ 2M', 'lambdas', 'lambdas'],
  ['DPM++ 2M SDE Karras', 'karras', null],
  ['LCM', 'lcm', null],
  ['DPM++ 2M', 'Automatic', null],
  ['k_dpmpp_2m', 'native', null],
  ['Restart', 'Karras', null],
  ['DDIMScheduler', 'Karras', null],
  [null, 'Karras', null],
])('of %s with %p, %p has no equivalent', (sampler, scheduler, levels) => {
  expect(ignoredLevels({ sampler, scheduler })).toBe(levels);
});
