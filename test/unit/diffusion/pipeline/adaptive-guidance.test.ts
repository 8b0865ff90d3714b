/** Guidance that ends once both predictions agree, on a network whose predictions come closer with each step. */
import { denoise } from '#src/diffusion/pipeline/denoise.js';
import { buildSchedule, parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';
import type { Condition, Unet } from '#src/diffusion/unet/predict-noise.js';
import { noCalls } from '#src/records/job.js';
import { tensor } from '#src/tensor/tensor.js';

const STEPS = 6;
const euler = buildSchedule(parseSchedulerConfig({ _class_name: 'EulerDiscreteScheduler' }), STEPS);
const latents = tensor(Float32Array.of(1, -1, 0.5, 2), [1, 4, 1, 1]);
const condition = (batch: number): Condition => ({
  prompt: tensor(new Float32Array(batch), [batch, 1, 1]),
  addition: latents,
  pooled: latents,
  timeIds: [],
});

/** @returns samples that the UNet computed at each call */
const run = async (adaptiveGuidance: number | null, schedule = euler): Promise<number[]> => {
  let step = 0;
  const session = {
    run: () => {
      /* The conditional prediction turns towards the unconditional one, 30 degrees a step. */
      const angle = Math.PI / 2 - (step++ * Math.PI) / 6;
      const [same, other] = [Math.cos(angle), Math.sin(angle)];
      const both = [1, 0, 0, 0, same, other, 0, 0];
      return Promise.resolve({
        noise_prediction: tensor(Float32Array.from(both.slice(8 - 4 * batch)), [batch, 4, 1, 1]),
      });
    },
    close: () => Promise.resolve(),
  };
  let batch = 2;
  const samples: number[] = [];
  const calls = noCalls();
  const steps = denoise(latents, {
    unet: { session, config: {}, feeds: () => ({}) } as unknown as Unet,
    schedule,
    range: { begin: 0, end: schedule.timesteps.length },
    conditionsAt: (_, isGuided) => [condition((batch = isGuided === true ? 2 : 1))],
    settings: { guidanceScale: 5, guidanceRescale: 0, adaptiveGuidance, eta: 0 },
    noise: torchCpuNoise(1),
    calls,
  });
  for await (const _ of steps) samples.push(calls.samples - samples.reduce((sum, count) => sum + count, 0));
  return samples;
};

it('without it every step is guided', async () => {
  expect(await run(null)).toEqual([2, 2, 2, 2, 2, 2]);
});

it('guidance ends after the first step that reaches the threshold', async () => {
  /* Cosines 0, 0.5, 0.87, 1. */
  expect(await run(0.8)).toEqual([2, 2, 2, 1, 1, 1]);
  expect(await run(0.4)).toEqual([2, 2, 1, 1, 1, 1]);
  expect(await run(0)).toEqual([2, 1, 1, 1, 1, 1]);
});

it('both calls of a second-order step are guided, or neither is', async () => {
  const heun = buildSchedule(parseSchedulerConfig({ _class_name: 'HeunDiscreteScheduler' }), 4);
  /* The third call reaches the threshold, and is the first of its step. */
  expect(await run(0.8, heun)).toEqual([2, 2, 2, 2, 1, 1, 1]);
});
