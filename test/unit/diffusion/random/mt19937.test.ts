import { mt19937 } from '#src/diffusion/random/mt19937.js';

const skip = (random: () => number, count: number): number => {
  for (let i = 0; i < count; i++) random();
  return random();
};

it('the published sequence: the 10 000th number of the default seed 5489 (ISO C++ [rand.predef])', () => {
  expect(skip(mt19937(5489), 9999)).toBe(4123659995);
});

it('only the low 32 bits of the seed matter', () => {
  expect(mt19937(2 ** 32 + 5)()).toBe(mt19937(5)());
  expect(mt19937(2 ** 53 - 1)()).toBe(mt19937(2 ** 32 - 1)());
});
