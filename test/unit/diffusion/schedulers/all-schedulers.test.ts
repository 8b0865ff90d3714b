/** What must hold of every scheduler, whatever its method. */
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';
import { trainedNoise, type NoiseConfig } from '#src/diffusion/schedulers/noise/noise-schedule.js';
import { interp } from '#src/diffusion/schedulers/noise/numpy-ranges.js';
import { buildSchedule, configFor, parseSchedulerConfig, schedulerNames } from '#src/diffusion/schedulers/registry.js';
import type { Schedule } from '#src/diffusion/schedulers/scheduler.js';
import { stepRange } from '#src/diffusion/schedulers/noise/step-range.js';

const NOISE: NoiseConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  trained_betas: null,
};
const MODEL = parseSchedulerConfig({
  _class_name: 'EulerDiscreteScheduler',
  ...NOISE,
  clip_sample: false,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
});
const { sigmas: trained } = trainedNoise(NOISE);
const SIZE = 256;
const picture = torchCpuNoise(1).normal(SIZE);

/** A UNet that knows the picture: it answers with the noise that its input holds at that timestep. */
const predict = (input: Float32Array, timestep: number): Float32Array => {
  const sigma = interp(trained, timestep);
  const alpha = 1 / Math.sqrt(1 + sigma ** 2);
  return input.map((value, i) => (value - alpha * picture[i]!) / (alpha * sigma));
};

const run = (schedule: Schedule, latents: Float32Array, begin: number): Float32Array => {
  const sampler = schedule.sampler();
  const noise = torchCpuNoise(3);
  return schedule.timesteps.subarray(begin).reduce((current, timestep, i) => {
    const prediction = predict(schedule.scaleModelInput(current, begin + i), timestep);
    return sampler.step(prediction, begin + i, current, noise);
  }, latents);
};

/** Tells its UNet other things, and is for other models: it has its own test. */
const OTHER_MODELS = 'EDMEulerScheduler';

describe.each(schedulerNames.filter((name) => name !== OTHER_MODELS))('%s', (name) => {
  const schedule = buildSchedule(configFor(name, MODEL), 20);

  it.each([0.3, 1])('reaches the clean image with perfect predictions, from strength %p', (strength) => {
    const settings = { steps: 20, strength, denoisingStart: null, denoisingEnd: null };
    const { begin } = stepRange(schedule, settings);
    const noisy = schedule.addNoise(picture, torchCpuNoise(2).normal(SIZE), begin);
    const result = run(schedule, noisy, begin);
    // Some methods end on the lowest noise level, 0.029, and not on none; LMS has no past where it begins.
    expect(Math.max(...result.map((value, i) => Math.abs(value - picture[i]!)))).toBeLessThan(0.3);
  });

  it('timesteps fall', () => {
    // Between two of these, a second-order method may look ahead.
    const levels = schedule.timesteps.filter((_, i) => i % schedule.order === 0);
    expect(levels.every((timestep, i) => i === 0 || timestep <= levels[i - 1]!)).toBe(true);
    expect(levels[0]! - levels.at(-1)!).toBeGreaterThan(700);
  });

  it('samplers share no state', () => {
    const start = schedule.addNoise(picture, torchCpuNoise(2).normal(SIZE), 0);
    expect(run(schedule, start, 0)).toEqual(run(schedule, start, 0));
  });

  it('inputs are not modified', () => {
    const noisy = schedule.addNoise(picture, torchCpuNoise(2).normal(SIZE), 0);
    const [sample, prediction] = [noisy.slice(), picture.slice()];
    schedule.scaleModelInput(sample, 0);
    schedule.sampler().step(prediction, 0, sample, torchCpuNoise(3));
    expect(sample).toEqual(noisy);
    expect(prediction).toEqual(picture);
  });
});

it('EDM: reaches the clean image with perfect predictions', () => {
  const schedule = buildSchedule(configFor(OTHER_MODELS, MODEL), 20);
  const noisy = schedule.addNoise(picture, torchCpuNoise(2).normal(SIZE), 0);
  const sampler = schedule.sampler();
  // Karras et al. 2022, table 1: what the network says where its input and its answer are scaled.
  const result = schedule.timesteps.reduce((current, timestep, step) => {
    const sigma = Math.exp(4 * timestep);
    const [variance, data] = [sigma ** 2 + 0.25, 0.5];
    const input = schedule.scaleModelInput(current, step);
    const prediction = input.map((value, i) => {
      const skipped = (data ** 2 / variance) * value * Math.sqrt(variance);
      return ((picture[i]! - skipped) * Math.sqrt(variance)) / (sigma * data);
    });
    return sampler.step(prediction, step, current, torchCpuNoise(3));
  }, noisy);
  expect(Math.max(...result.map((value, i) => Math.abs(value - picture[i]!)))).toBeLessThan(1e-3);
});
