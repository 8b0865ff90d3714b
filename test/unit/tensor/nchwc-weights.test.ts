import { toNchwcWeights } from '#src/tensor/nchwc-weights.js';

it('NCHWc weights: outputs of a block are innermost, then inputs of a block, then taps', () => {
  /* The digits of each number are its output, input and tap. */
  const shape = { outputs: 4, inputs: 2, taps: 2 };
  const weights = Float32Array.from({ length: 16 }, (_, at) => (at >> 2) * 100 + ((at >> 1) & 1) * 10 + (at & 1));
  expect([...toNchwcWeights(weights, shape, 2)]).toEqual([
    ...[0, 100, 10, 110, 1, 101, 11, 111],
    ...[200, 300, 210, 310, 201, 301, 211, 311],
  ]);
});
