import { philox4x32, philoxNoise } from '#src/diffusion/random/philox.js';

const words = (text: string): number[] => text.split(' ').map((word) => parseInt(word, 16));

// Random123 v1.14.0, tests/kat_vectors, the lines of philox4x32 with 10 rounds (Salmon et al. 2011, D. E. Shaw Research).
it.each([
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
])('known answer for counter %s', (counter, key, answer) => {
  expect(philox4x32(words(counter), words(key))).toEqual(words(answer));
});

it("numbers equal torch's CUDA numbers of seed 0, as A1111 states them", () => {
  // AUTOMATIC1111/stable-diffusion-webui v1.10.1, modules/rng_philox.py: randn(shape=(3, 4)) of a generator of seed 0.
  const stated = [
    [-0.92466259, -0.42534415, -2.6438457, 0.14518388],
    [-0.12086647, -0.57972564, -0.62285122, -0.32838709],
    [-1.07454231, -0.36314407, -1.67105067, 2.26550497],
  ].flat();
  const drawn = philoxNoise(0).normal(12);
  stated.forEach((value, i) => {
    // The turn is 2 pi in float32 there and here; the statement was printed from one nearer to it.
    expect(Math.abs(drawn[i]! - value)).toBeLessThan(3e-7);
  });
});

it('each call is a new call of torch.randn, and a longer draw begins like a shorter one', () => {
  const source = philoxNoise(5);
  const [first, second] = [source.normal(8), source.normal(8)];
  expect(second).not.toEqual(first);
  expect(philoxNoise(5).normal(20).subarray(0, 8)).toEqual(first);
});

it('all bits of a seed matter', () => {
  expect(philoxNoise(3 + 2 ** 32).normal(4)).not.toEqual(philoxNoise(3).normal(4));
});
