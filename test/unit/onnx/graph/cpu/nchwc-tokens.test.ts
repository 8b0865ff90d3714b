/** Products over tokens in blocks, against the same without. */
import { blockTokens } from '#src/onnx/graph/cpu/nchwc-tokens.js';
import type { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import type { Value } from '#src/onnx/graph/onnx/graph-builder.js';
import type { LinearRows } from '#src/onnx/graph/operators/operators.js';
import { blockWeights } from '#src/tensor/nchwc-weights.js';
import { maxDifference } from '../../../../support/golden.js';
import { block, expectSame, given, matrix, numbers, open, run, testOfBlocks } from '../../../../support/of-blocks.js';

const [INNER, OUTER, TOKENS] = [32, 48, 21];

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

const feedForward = (ops: CpuOperators, x: Value): Value => {
  const rows: LinearRows = (start, end) => [
    matrix(ops, `gated ${start}`, end - start, INNER),
    given(ops, `gated bias ${start}`, end - start),
  ];
  return ops.linear(ops.gatedGelu(x, OUTER, rows), matrix(ops, 'out', INNER, OUTER), null);
};

testOfBlocks('keeps in blocks what is between the products of a gated layer', async () => {
  await expectSame(numbers(TOKENS, INNER), feedForward);
});

/** All that a transformer does with the tokens of pictures. */
const layer = (ops: CpuOperators, x: Value): Value => {
  const tokens = ops.toTokens(x, INNER);
  const normal = ops.layerNorm(tokens, given(ops, 'gamma', INNER), given(ops, 'beta', INNER), 1e-5);
  const [query, key, value] = ['query', 'key', 'value'].map((name) =>
    ops.linear(normal, matrix(ops, name, INNER, INNER), null),
  ) as [Value, Value, Value];
  const batch = ops.batchOf(x);
  const attended = ops.attention(query, key, value, { channels: INNER, heads: 2, causal: false, batch });
  const looked = ops.add(attended, tokens);
  return ops.toPicture(ops.add(feedForward(ops, looked), looked), x);
};

/* Parts of 512, 468 and 200; of all, where no size divides them (521 is prime) or they are few. */
describe.each([
  [2, 32, 40, 5],
  [1, 36, 26, 2],
  [2, 10, 10, 1],
  [1, 1, 521, 1],
  [2, 3, 7, 1],
])('tokens of %i pictures of %i × %i', (batch, height, width, parts) => {
  const x = numbers(batch, INNER, height, width);

  testOfBlocks(`are multiplied in ${parts} parts`, async () => {
    const blocked = await run(x, block, (ops, value) => blockTokens(ops.graph, ops.toTokens(value, INNER), INNER));
    expect(blocked.dims).toEqual([parts, INNER, 1, (batch * height * width) / parts]);
  });

  testOfBlocks('go through a transformer', async () => {
    await expectSame(x, layer);
  });
});

/* Values that take turns in one buffer are of one size in a run, and of another in the next. */
testOfBlocks('go through a transformer that had other sizes before', async () => {
  const network = await open(4, block, layer);
  for (const [height, width] of [
    [8, 8],
    [32, 48],
    [7, 3],
  ] as const) {
    const x = numbers(2, INNER, height, width);
    expect(maxDifference((await network.run(x)).data, (await run(x, null, layer)).data)).toBeLessThan(1e-4);
  }
  await network.close();
});
