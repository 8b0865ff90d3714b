import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';

it('a seed decides every number', () => {
  expect(torchCpuNoise(7).normal(64)).toEqual(torchCpuNoise(7).normal(64));
  expect(torchCpuNoise(7).normal(64)).not.toEqual(torchCpuNoise(8).normal(64));
});

it('single draws equal one small draw: the second number of each Box-Muller pair is cached', () => {
  const whole = torchCpuNoise(3).normal(7);
  const source = torchCpuNoise(3);
  expect(Float32Array.from(whole, () => source.normal(1)[0]!)).toEqual(whole);
});

it('full blocks before a tail equal those of a full draw', () => {
  expect(torchCpuNoise(3).normal(37).subarray(0, 16)).toEqual(torchCpuNoise(3).normal(32).subarray(0, 16));
});

it('mean 0, variance 1', () => {
  const values = torchCpuNoise(11).normal(100_000);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(Math.abs(variance - 1)).toBeLessThan(0.02);
});
