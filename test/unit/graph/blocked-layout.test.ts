/** Convolutions and products on channels in blocks, against the same without. */
import { CpuOperators } from '#src/graph/cpu-operators.js';
import { GraphBuilder, type Value } from '#src/graph/graph-builder.js';
import type { ConvOptions, LinearRows, Matrix } from '#src/graph/operators.js';
import { openNetwork } from '#src/runtime/network.js';
import { blockWeights } from '#src/tensor/block-weights.js';
import { sizeOf, tensor, type Tensor } from '#src/tensor/tensor.js';
import { maxDifference } from '../../support/golden.js';
import { block, testOfBlocks } from '../../support/of-blocks.js';

/** Numbers with no pattern that an error could hide in. */
const numbers = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(dims.length + index * 78.233)),
    dims,
  );

const run = async (x: Tensor, size: number | null, write: (ops: CpuOperators, x: Value) => Value): Promise<Tensor> => {
  const ops = new CpuOperators(new GraphBuilder(), 'fp32', size);
  const dims = x.dims.map((_, axis) => `x${axis}`);
  ops.rowsOut(write(ops, ops.rowsIn('x', dims)), 'y', dims);
  const network = await openNetwork(ops.graph.finish('test', '/'));
  const { y } = await network.run({ x });
  await network.close();
  return y!;
};
const expectSame = async (x: Tensor, write: (ops: CpuOperators, x: Value) => Value): Promise<void> => {
  const [blocked, plain] = [await run(x, block, write), await run(x, null, write)];
  expect(blocked.dims).toEqual(plain.dims);
  expect(maxDifference(blocked.data, plain.data)).toBeLessThan(1e-4);
};

const [INNER, OUTER, TOKENS] = [32, 48, 21];
const given = (ops: CpuOperators, key: string, ...dims: number[]): Value =>
  ops.graph.floats(key, numbers(...dims).data, dims);

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

const matrix = (ops: CpuOperators, key: string, outer: number, inner: number): Matrix => ({
  ...given(ops, key, outer, inner),
  features: [inner, outer],
});

testOfBlocks('multiplies tokens, with weights laid out at each run and before', async () => {
  const x = numbers(TOKENS, INNER);
  const write = (ops: CpuOperators, value: Value): Value =>
    ops.linear(value, matrix(ops, 'weight', OUTER, INNER), given(ops, 'bias', OUTER));
  await expectSame(x, write);
  const laid = await run(x, block, (ops, value) => {
    const weights = blockWeights(numbers(OUTER, INNER).data, { outer: OUTER, inner: INNER, taps: 1 }, block);
    const weight = ops.graph.floats('laid', weights, [OUTER, INNER, 1, 1]);
    return ops.linear(value, { ...weight, layout: 'blocked', features: [INNER, OUTER] }, given(ops, 'bias', OUTER));
  });
  expect(maxDifference(laid.data, (await run(x, null, write)).data)).toBeLessThan(1e-4);
});

testOfBlocks('keeps in blocks what is between the products of a gated layer', async () => {
  await expectSame(numbers(TOKENS, INNER), (ops, x) => {
    const rows: LinearRows = (start, end) => [
      matrix(ops, `gated ${start}`, end - start, INNER),
      given(ops, `bias ${start}`, end - start),
    ];
    return ops.linear(ops.gatedGelu(x, OUTER, rows), matrix(ops, 'out', INNER, OUTER), null);
  });
});

testOfBlocks('leaves channels that fill no block as they are', async () => {
  await expectSame(numbers(1, 12, 4, 4), (ops, x) =>
    ops.conv(x, given(ops, 'weight', 20, 12, 3, 3), null, { kernel: 3, channels: [12, 20] }),
  );
});
