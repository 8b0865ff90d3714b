/** Every recorded trajectory of every scheduler: timesteps, sigmas, noising, and the latents after each step. */
import { readFileSync } from 'node:fs';
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';
import { buildSchedule, parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { stepRange } from '#src/diffusion/schedulers/noise/step-range.js';
import { excess } from '../support/compare.js';
import { readSafetensors } from '../support/read-safetensors.js';

/** Handed to the project, and recorded for it since. */
const FOLDERS = ['schedulers', 'schedulers-more', 'schedulers-custom'].map((name) => `test/golden/data/${name}`);
const TOLERANCE = 2e-5;
const f32 = Math.fround;

interface Recorded {
  scheduler: string;
  config: Record<string, unknown>;
  steps: number;
  strength: number;
  noise_seed: number;
  eta?: number;
  timesteps?: number[];
  sigmas?: number[];
}
const cases = FOLDERS.flatMap((folder) => {
  const index = JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as Record<string, Recorded>;
  return Object.entries(index).map(([file, recorded]) => [file, recorded, `${folder}/${file}`] as const);
});

/** What a run was recorded with where it does not say: the default of `step`, and not of the pipelines. */
const etaOf = ({ eta, scheduler }: Recorded): number => eta ?? (scheduler === 'TCDScheduler' ? 0.3 : 0);

/** The stand-in for a UNet that the trajectories were recorded with, in float32. */
const model = (input: Float32Array, timestep: number): Float32Array => {
  const shift = f32(0.1 * f32(Math.sin(f32(timestep / 90))));
  return input.map((value) => f32(0.4 * f32(Math.tanh(value))) + shift);
};

it.each(cases)('%s', (_, recorded, path) => {
  const golden = readSafetensors(path);
  const config = parseSchedulerConfig({ _class_name: recorded.scheduler, ...recorded.config });
  const { timesteps: listed = null, sigmas = null } = recorded;
  const schedule = buildSchedule(config, recorded.steps, { timesteps: listed, sigmas });
  const { begin, end } = stepRange(schedule, { ...recorded, denoisingStart: null, denoisingEnd: null });

  const timesteps = schedule.timesteps.subarray(begin, end);
  const areWhole = golden['timesteps']!.every(Number.isInteger);
  if (areWhole) expect(timesteps).toEqual(golden['timesteps']);
  else expect(excess(timesteps, golden['timesteps']!, 1e-6)).toBeLessThanOrEqual(1);
  if (golden['sigmas']) expect(excess(schedule.sigmas, golden['sigmas'], TOLERANCE)).toBeLessThanOrEqual(1);

  let latents = schedule.addNoise(golden['x0']!, golden['noise']!, begin);
  expect(excess(latents, golden['noisy']!, TOLERANCE)).toBeLessThanOrEqual(1);

  const sampler = schedule.sampler(etaOf(recorded));
  const noise = torchCpuNoise(recorded.noise_seed);
  for (let step = begin; step < end; step++) {
    const prediction = model(schedule.scaleModelInput(latents, step), schedule.timesteps[step]!);
    latents = sampler.step(prediction, step, latents, noise);
    expect(excess(latents, golden[`x.${step - begin}`]!, TOLERANCE)).toBeLessThanOrEqual(1);
  }
  expect(golden[`x.${end - begin}`]).toBeUndefined();
});
