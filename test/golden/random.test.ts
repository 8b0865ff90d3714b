/** torch's CPU generator against two consecutive `torch.randn` calls a seed and size. */
import { torchCpuNoise } from '#src/diffusion/random/torch-cpu.js';
import { readSafetensors } from '../support/read-safetensors.js';

const golden = readSafetensors('test/golden/data/random/torch-cpu-randn.safetensors');
const cases = Object.keys(golden).flatMap((name) => {
  const [, seed, count] = /^seed-(\d+)\.n-(\d+)\.first$/.exec(name) ?? [];
  return seed === undefined ? [] : [{ seed: Number(seed), count: Number(count) }];
});

/** Asked: 2e-7 relative or 1e-7 absolute. */
const excess = (actual: Float32Array, expected: Float32Array): number =>
  Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value) / Math.max(1e-7, 2e-7 * Math.abs(value))));

it('there are cases for every path', () => {
  expect(cases).toHaveLength(6 * 8);
});

it.each(cases)('seed $seed, $count numbers, twice', ({ seed, count }) => {
  const noise = torchCpuNoise(seed);
  for (const call of ['first', 'second']) {
    const expected = golden[`seed-${seed}.n-${count}.${call}`]!;
    const actual = noise.normal(count);
    expect(actual).toHaveLength(expected.length);
    expect(excess(actual, expected)).toBeLessThanOrEqual(1);
  }
});
