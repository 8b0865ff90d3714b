import { linspace, linspace32, roundHalfEven, interp } from '#src/diffusion/schedulers/noise/numpy-ranges.js';

it('roundHalfEven rounds halves to even, as numpy and Python', () => {
  expect([0.5, 1.5, 2.5, -1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, -2, 2, 3]);
});

it('linspace has both ends; of one number, the start', () => {
  expect(linspace(0, 999, 5)).toEqual([0, 249.75, 499.5, 749.25, 999]);
  expect(linspace(3, 9, 1)).toEqual([3]);
});

it('linspace32 counts in float32 from the nearer end, as torch.linspace(0.1, 0.7, 4)', () => {
  expect([...linspace32(0.1, 0.7, 4)]).toEqual([0.10000000149011612, 0.29999998211860657, 0.5, 0.699999988079071]);
});

it('interp interpolates between values, and clamps beyond the ends', () => {
  const values = Float32Array.of(1, 3, 4);
  expect([-1, 0, 0.5, 1.25, 2, 7].map((position) => interp(values, position))).toEqual([1, 1, 2, 3.25, 4, 4]);
});
