/** Convolutions on channels in blocks, against the same without. */
import type { ConvOptions } from '#src/onnx/graph/operators/operators.js';
import { expectSame, given, numbers, testOfBlocks } from '../../../../support/of-blocks.js';

const [INNER, OUTER] = [32, 48];

testOfBlocks.each<ConvOptions>([
  { kernel: 1 },
  { kernel: 3 },
  { kernel: 3, stride: 2 },
  { kernel: 3, stride: 2, pads: [0, 0, 1, 1] },
])('convolves: %p', async (options) => {
  await expectSame(numbers(2, INNER, 7, 10), (ops, x) => {
    const weight = given(ops, 'weight', OUTER, INNER, options.kernel, options.kernel);
    return ops.conv(x, weight, given(ops, 'bias', OUTER), { ...options, channels: [INNER, OUTER] });
  });
});

testOfBlocks('leaves channels that fill no block as they are', async () => {
  await expectSame(numbers(1, 12, 4, 4), (ops, x) =>
    ops.conv(x, given(ops, 'weight', 20, 12, 3, 3), null, { kernel: 3, channels: [12, 20] }),
  );
});
