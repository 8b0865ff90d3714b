import { brownianTree } from '#src/diffusion/random/brownian-tree.js';
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';

const tree = () => brownianTree(0.03, 14.6, 42, torchCpuNoise);
const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

it("increments equal those of torchsde's tree of the same seed", () => {
  // torchsde 0.2.6 and torch 2.13: BrownianTree(0.03, zeros(16), 14.6, entropy=42, tol=1e-6, pool_size=24)(0.5, 2.25).
  const stated = [1.009842038154602, -0.40470871329307556, -0.3270299434661865, -2.2072017192840576];
  const drawn = tree()(0.5, 2.25, 16);
  expect(largest(Float32Array.from(stated, (value, i) => value - drawn[i]!))).toBeLessThan(2e-6);
});

it('increments add up, independent of earlier queries', () => {
  const motion = tree();
  const [low, high, whole] = [motion(1, 3, 32), motion(3, 9, 32), motion(1, 9, 32)];
  expect(largest(whole.map((value, i) => value - low[i]! - high[i]!))).toBeLessThan(1e-5);
  expect(tree()(3, 9, 32)).toEqual(high);
});

it('the variance of an increment is its length', () => {
  const values = tree()(2, 6, 4096);
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  expect(variance).toBeGreaterThan(3.7);
  expect(variance).toBeLessThan(4.3);
});

it('the increment outside the interval is zero', () => {
  expect(largest(tree()(20, 30, 16))).toBe(0);
});
