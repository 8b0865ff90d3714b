import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';
import { parseSchedulerConfig, buildSchedule } from '#src/diffusion/schedulers/registry.js';
import type { Schedule } from '#src/diffusion/schedulers/scheduler.js';

const euler = (config: Record<string, unknown>, steps: number): Schedule =>
  buildSchedule(
    parseSchedulerConfig({
      _class_name: 'EulerDiscreteScheduler',
      beta_start: 0.00085,
      beta_end: 0.012,
      beta_schedule: 'scaled_linear',
      ...config,
    }),
    steps,
  );
const near = (actual: Float32Array | number, expected: readonly number[] | number): void => {
  const pairs =
    typeof actual === 'number' ? [[actual, expected]] : [...actual].map((v, i) => [v, (expected as number[])[i]]);
  for (const [a, b] of pairs as [number, number][]) expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-6 * Math.abs(b));
};

/** Read off diffusers 0.42 with the same configuration. */
const READ: [string, Record<string, unknown>, number, number[], number[], number][] = [
  [
    'leading',
    { timestep_spacing: 'leading', steps_offset: 1 },
    3,
    [667, 334, 1],
    [2.9295499324798584, 0.9355101585388184, 0.04131447896361351, 0],
    3.0955231189727783,
  ],
  [
    'log-linear sigmas are one more',
    { interpolation_type: 'log_linear' },
    3,
    [999, 499.5, 0],
    [14.614646911621094, 1.8400323390960693, 0.23166616261005402, 0.0291675366461277, 0],
    14.614646911621094,
  ],
  [
    'continuous timesteps, ending at the lowest sigma',
    { timestep_type: 'continuous', prediction_type: 'v_prediction', final_sigmas_type: 'sigma_min' },
    3,
    [0.6705060601234436, 0.11992403864860535, -0.883674740791321],
    [14.614646911621094, 1.6155834197998047, 0.029167532920837402, 0.029167532920837402],
    14.614646911621094,
  ],
  [
    'karras between given sigmas',
    { use_karras_sigmas: true, sigma_min: 0.1, sigma_max: 10 },
    4,
    [933.50665283, 667.4049682617188, 237.16680908203125, 10.382168769836426],
    [10, 2.934119939804077, 0.662885844707489, 0.1, 0],
    10,
  ],
];
it.each(READ)('%s', (_, config, steps, timesteps, sigmas, initNoiseSigma) => {
  const schedule = euler(config, steps);
  expect([schedule.timesteps.length, schedule.sigmas.length]).toEqual([timesteps.length, sigmas.length]);
  near(schedule.timesteps, timesteps);
  near(schedule.sigmas, sigmas);
  near(schedule.initNoiseSigma, initNoiseSigma);
});

it('a perfect prediction reaches the clean image in the last step, without noise', () => {
  const schedule = euler({ timestep_spacing: 'leading', steps_offset: 1 }, 3);
  const [picture, noise] = [Float32Array.of(0.25, -1), Float32Array.of(2, 0.5)];
  const noisy = schedule.addNoise(picture, noise, 2);
  const drawn = (): never => {
    throw new Error('drawn');
  };
  const forbidden = { normal: drawn, treeSeed: 0, ofSeed: drawn };
  near(schedule.sampler().step(noise, 2, noisy, forbidden), [...picture]);
});

it('scaled latents have unit variance', () => {
  const schedule = euler({}, 10);
  const noisy = schedule.addNoise(torchCpuNoise(1).normal(4096), torchCpuNoise(2).normal(4096), 0);
  const scaled = schedule.scaleModelInput(noisy, 0);
  expect(scaled.reduce((sum, value) => sum + value ** 2, 0) / 4096).toBeCloseTo(1, 1);
});
