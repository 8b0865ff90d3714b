import { trainedNoise, type NoiseConfig } from '#src/diffusion/schedulers/noise/noise-schedule.js';

const SDXL: NoiseConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  trained_betas: null,
};

/** Highest and lowest sigma, read off diffusers 0.42's EulerDiscreteScheduler. */
it.each([
  ['scaled_linear', 14.614646911621094, 0.029167532920837402],
  ['linear', 25.146116256713867, 0.029167532920837402],
  ['squaredcos_cap_v2', 20291.302734375, 0.006427108775824308],
] as const)('%s', (schedule, highest, lowest) => {
  const { sigmas } = trainedNoise({ ...SDXL, beta_schedule: schedule });
  expect(Math.abs(sigmas[999]! / highest - 1)).toBeLessThan(2e-6);
  expect(Math.abs(sigmas[0]! / lowest - 1)).toBeLessThan(2e-6);
});

it('sigmas rise and alpha bar falls, one for each timestep', () => {
  const { sigmas, alphasCumprod } = trainedNoise(SDXL);
  expect(sigmas).toHaveLength(1000);
  expect(sigmas.every((sigma, i) => i === 0 || sigma > sigmas[i - 1]!)).toBe(true);
  expect(alphasCumprod.every((alpha, i) => i === 0 || alpha < alphasCumprod[i - 1]!)).toBe(true);
});

it('zero terminal SNR: the last sigma is 4096, the first is unchanged', () => {
  const plain = trainedNoise(SDXL);
  const { sigmas, alphasCumprod } = trainedNoise({ ...SDXL, rescale_betas_zero_snr: true });
  expect(sigmas[999]).toBe(4096);
  expect(alphasCumprod[999]).toBe(2 ** -24);
  expect(sigmas[0]! / plain.sigmas[0]!).toBeCloseTo(1, 4);
});

it('trained betas are used unchanged', () => {
  const { alphasCumprod } = trainedNoise({ ...SDXL, num_train_timesteps: 2, trained_betas: [0.5, 0.75] });
  expect([...alphasCumprod]).toEqual([0.5, 0.125]);
});

it.each([
  ['trained_betas', { trained_betas: [0.1, 0.2] }],
  ['beta_start', { beta_end: 1.5 }],
  ['beta_start', { beta_start: 0 }],
])('betas that are no noise schedule: the error names %s', (key, change) => {
  const config = { ...SDXL, beta_schedule: 'linear' as const, ...change };
  expect(() => trainedNoise(config)).toThrow(
    expect.objectContaining({ code: 'MODEL_CONFIG_UNSUPPORTED', context: { key } }),
  );
});
