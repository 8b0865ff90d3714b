import { spawnSeeds } from '#src/diffusion/random/seed-sequence.js';

// numpy 2.x: SeedSequence(entropy=seed, spawn_key=key, pool_size=24).generate_state(count).
it.each([
  [0, [], [4025752534, 2687548107, 2326983537]],
  [1234, [0, 0], [840100010, 4216861537, 2835682605, 1180521712]],
  [2 ** 40 + 12345, [5, 3], [568400070, 1122400102, 589897749, 1923377204]],
  [7, [123456, 20], [1786040227, 662142179]],
])('seed %p, key %p', (seed, key, expected) => {
  expect(spawnSeeds(seed, key, 24, expected.length)).toEqual(expected);
});
