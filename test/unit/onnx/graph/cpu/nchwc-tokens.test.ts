/** Linear layers over tokens in the NCHWc layout, against plain ones. */
import { tokensToNchwc } from '#src/onnx/graph/cpu/nchwc-tokens.js';
import type { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import type { Value } from '#src/onnx/graph/onnx/value.js';
import type { LinearRows } from '#src/onnx/graph/operators/operators.js';
import { toNchwcWeights } from '#src/tensor/nchwc-weights.js';
import { maxDifference } from '../../../../support/golden.js';
import {
  blockSize,
  expectSame,
  given,
  matrix,
  numbers,
  open,
  run,
  testNchwc,
} from '../../../../support/nchwc-operators.js';

const [IN, OUT, TOKENS] = [32, 48, 21];

testNchwc('a linear layer equals a plain one, with weights converted at run and ahead', async () => {
  const x = numbers(TOKENS, IN);
  const write = (ops: CpuOperators, value: Value): Value =>
    ops.linear(value, matrix(ops, 'weight', OUT, IN), given(ops, 'bias', OUT));
  await expectSame(x, write);
  const ahead = await run(x, blockSize, (ops, value) => {
    const weights = toNchwcWeights(numbers(OUT, IN).data, { outputs: OUT, inputs: IN, taps: 1 }, blockSize);
    const weight = ops.graph.floats('nchwc', weights, [OUT, IN, 1, 1]);
    return ops.linear(value, { ...weight, layout: 'nchwc', features: [IN, OUT] }, given(ops, 'bias', OUT));
  });
  expect(maxDifference(ahead.data, (await run(x, null, write)).data)).toBeLessThan(1e-4);
});

const feedForward = (ops: CpuOperators, x: Value): Value => {
  const rows: LinearRows = (start, end) => [
    matrix(ops, `gated ${start}`, end - start, IN),
    given(ops, `gated bias ${start}`, end - start),
  ];
  return ops.linear(ops.gatedGelu(x, OUT, rows), matrix(ops, 'out', IN, OUT), null);
};

testNchwc('a feed-forward layer stays in the NCHWc layout between its linear layers, with equal results', async () => {
  await expectSame(numbers(TOKENS, IN), feedForward);
});

/** All token operators of a transformer. */
const layer = (ops: CpuOperators, x: Value): Value => {
  const tokens = ops.toTokens(x, IN);
  const normal = ops.layerNorm(tokens, given(ops, 'gamma', IN), given(ops, 'beta', IN), 1e-5);
  const [query, key, value] = ['query', 'key', 'value'].map((name) =>
    ops.linear(normal, matrix(ops, name, IN, IN), null),
  ) as [Value, Value, Value];
  const batch = ops.batchSize(x);
  const attended = ops.attention(query, key, value, { channels: IN, heads: 2, causal: false, batch });
  const hidden = ops.add(attended, tokens);
  return ops.toFeatureMap(ops.add(feedForward(ops, hidden), hidden), x);
};

/* Chunks of 512, 468 and 200 tokens; one chunk where no length divides their number (521 is prime) or they are few. */
describe.each([
  [2, 32, 40, 5],
  [1, 36, 26, 2],
  [2, 10, 10, 1],
  [1, 1, 521, 1],
  [2, 3, 7, 1],
])('tokens of %i feature maps of %i × %i', (batch, height, width, chunks) => {
  const x = numbers(batch, IN, height, width);

  testNchwc(`are split into ${chunks} chunks`, async () => {
    const nchwc = await run(x, blockSize, (ops, value) => {
      const tokens = ops.toTokens(value, IN);
      if (tokens.layout === 'nchwc tokens') throw new TypeError('toTokens gives no NCHWc layout');
      return tokensToNchwc(ops.graph, tokens, IN);
    });
    expect(nchwc.dims).toEqual([chunks, IN, 1, (batch * height * width) / chunks]);
  });

  testNchwc('a transformer layer gives equal results', async () => {
    await expectSame(x, layer);
  });
});

/* Values that share a buffer have one size in a run, and another size in the next. */
testNchwc('a session gives equal results when sizes change between runs', async () => {
  const session = await open(4, blockSize, layer);
  for (const [height, width] of [
    [8, 8],
    [32, 48],
    [7, 3],
  ] as const) {
    const x = numbers(2, IN, height, width);
    expect(maxDifference((await session.run(x)).data, (await run(x, null, layer)).data)).toBeLessThan(1e-4);
  }
  await session.close();
});
