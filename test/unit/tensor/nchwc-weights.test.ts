import { blockWeights } from '#src/tensor/nchwc-weights.js';

test('lays a block of outputs side by side for each input, the inputs of a block below each tap', () => {
  /* Output, input and tap of each weight, as the digits of its number. */
  const shape = { outer: 4, inner: 2, taps: 2 };
  const weights = Float32Array.from({ length: 16 }, (_, at) => (at >> 2) * 100 + ((at >> 1) & 1) * 10 + (at & 1));
  expect([...blockWeights(weights, shape, 2)]).toEqual([
    ...[0, 100, 10, 110, 1, 101, 11, 111],
    ...[200, 300, 210, 310, 201, 301, 211, 311],
  ]);
});
