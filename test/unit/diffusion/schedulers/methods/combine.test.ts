import { combine } from '#src/diffusion/schedulers/methods/combine.js';

it('a weighted sum, rounded once', () => {
  const [a, b] = [Float32Array.of(1, 2 ** 24), Float32Array.of(3, 1)];
  expect([...combine([0.5, a], [2, b])]).toEqual([6.5, 2 ** 23 + 2]);
  expect([...combine([1, a], [1, b], [-1, a])]).toEqual([3, 1]);
});

it('terms of weight 0 are not read', () => {
  expect([...combine([1, Float32Array.of(5)], [0, Float32Array.of(Infinity)])]).toEqual([5]);
});
