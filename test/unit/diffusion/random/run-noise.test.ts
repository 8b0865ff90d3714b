import { philoxNoise } from '#src/diffusion/random/philox.js';
import { runNoise } from '#src/diffusion/random/run-noise.js';
import { slerp } from '#src/diffusion/random/slerp.js';
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';
import { plainSettings } from '../../../support/settings.js';

const DIMS = [1, 4, 2, 4] as const;
const COUNT = 32;

it('torch-cpu: encoder, initial noise and steps share one generator', () => {
  const noise = runNoise(plainSettings);
  const one = torchCpuNoise(plainSettings.seed);
  expect(noise.encoder(COUNT)).toEqual(one.normal(COUNT));
  expect(noise.start(DIMS)).toEqual(one.normal(COUNT));
  expect(noise.steps.normal(COUNT)).toEqual(one.normal(COUNT));
});

it('comfy: initial noise is the seed’s first draw on a CPU, and steps draw as on a GPU', () => {
  const noise = runNoise({ ...plainSettings, rng: 'comfy' });
  noise.encoder(COUNT);
  expect(noise.start(DIMS)).toEqual(torchCpuNoise(plainSettings.seed).normal(COUNT));
  expect(noise.steps.normal(COUNT)).toEqual(philoxNoise(plainSettings.seed).normal(COUNT));
  expect(noise.steps.ofSeed(3).normal(COUNT)).toEqual(torchCpuNoise(3).normal(COUNT));
});

it('comfy: torch.randn of seed 42', () => {
  // torch 2.13: torch.randn([1, 4, 2, 2], generator=torch.manual_seed(42)), its first four numbers.
  const stated = [1.9269152879714966, 1.4872840642929077, 0.9007171988487244, -2.1055209636688232];
  const drawn = runNoise({ ...plainSettings, rng: 'comfy', seed: 42 }).start([1, 4, 2, 2]);
  stated.forEach((value, i) => {
    expect(Math.abs(drawn[i]! - value)).toBeLessThan(1e-6);
  });
});

it('philox: initial noise is its first draw, whether or not the encoder sampled', () => {
  const noise = runNoise({ ...plainSettings, rng: 'philox' });
  const one = philoxNoise(plainSettings.seed);
  noise.encoder(COUNT);
  expect(noise.start(DIMS)).toEqual(one.normal(COUNT));
  expect(noise.steps.normal(COUNT)).toEqual(one.normal(COUNT));
  expect(noise.steps.ofSeed(3).normal(COUNT)).toEqual(philoxNoise(3).normal(COUNT));
});

it('a variation seed changes the initial noise only', () => {
  const noise = runNoise({ ...plainSettings, rng: 'philox', variationSeed: 9, variationStrength: 0.3 });
  const own = philoxNoise(plainSettings.seed);
  expect(noise.start(DIMS)).toEqual(slerp(0.3, own.normal(COUNT), philoxNoise(9).normal(COUNT), [4, 2, 4]));
  expect(noise.steps.normal(COUNT)).toEqual(own.normal(COUNT));
});

it('ENSD changes the seed of the steps, not of the Brownian tree', () => {
  const noise = runNoise({ ...plainSettings, rng: 'philox', etaNoiseSeedDelta: 31337 });
  noise.start(DIMS);
  expect(noise.steps.normal(COUNT)).toEqual(philoxNoise(plainSettings.seed + 31337).normal(COUNT));
  expect(noise.steps.treeSeed).toBe(plainSettings.seed);
});
