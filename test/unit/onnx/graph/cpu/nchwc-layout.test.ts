/** Convolutions in the NCHWc layout, against plain ones. */
import type { ConvOptions } from '#src/onnx/graph/operators/operators.js';
import { expectSame, given, numbers, testNchwc } from '../../../../support/nchwc-operators.js';

const [IN, OUT] = [32, 48];

testNchwc.each<ConvOptions>([
  { kernel: 1 },
  { kernel: 3 },
  { kernel: 3, stride: 2 },
  { kernel: 3, stride: 2, pads: [0, 0, 1, 1] },
])('an NCHWc convolution equals a plain one: %p', async (options) => {
  await expectSame(numbers(2, IN, 7, 10), (ops, x) => {
    const weight = given(ops, 'weight', OUT, IN, options.kernel, options.kernel);
    return ops.conv(x, weight, given(ops, 'bias', OUT), { ...options, channels: [IN, OUT] });
  });
});

testNchwc('channels that fill no block are convolved in the plain layout', async () => {
  await expectSame(numbers(1, 12, 4, 4), (ops, x) =>
    ops.conv(x, given(ops, 'weight', 20, 12, 3, 3), null, { kernel: 3, channels: [12, 20] }),
  );
});
