import { slerp } from '#src/diffusion/random/slerp.js';
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';

const DIMS = [2, 3, 4] as const;
const low = torchCpuNoise(1).normal(24);
const high = torchCpuNoise(2).normal(24);
const largest = (a: ArrayLike<number>, b: Float32Array): number =>
  b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0);

it("results equal A1111's formula in torch", () => {
  // modules/rng.py's formula under torch 2.13, torch.randn((2, 3, 4)) of seeds 1 and 2, share 0.25.
  const stated = [
    [-1.566672, -0.342159, -1.114469, -1.547812, -0.450433, -0.085906, -1.321847, -1.281011],
    [0.11544, 1.488362, 1.208671, -0.09874, 0.072893, -1.454226, -0.497892, -0.202575],
    [-0.825682, -0.125842, 0.214888, 1.476276, -0.231038, 1.026814, -1.475866, 2.19055],
  ].flat();
  expect(largest(stated, slerp(0.25, low, high, DIMS))).toBeLessThan(2e-6);
});

it('shares 0 and 1 return the inputs', () => {
  expect(largest(low, slerp(0, low, high, DIMS))).toBeLessThan(1e-6);
  expect(largest(high, slerp(1, low, high, DIMS))).toBeLessThan(1e-6);
});

it('parallel noises are interpolated linearly, with A1111’s shares', () => {
  const longer = low.map((value) => value * 2);
  expect(
    largest(
      low.map((value) => value * 1.75),
      slerp(0.25, low, longer, DIMS),
    ),
  ).toBeLessThan(1e-6);
});
