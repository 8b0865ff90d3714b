/** CPU operators against their definitions in float64. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { GraphBuilder } from '#src/onnx/graph/onnx/graph-builder.js';
import type { Value } from '#src/onnx/graph/onnx/value.js';
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { openSession } from '#src/onnx/runtime/session.js';
import { sizeOf, tensor, type Tensor } from '#src/tensor/tensor.js';
import { maxDifference } from '../../../support/golden.js';

/** Runs a graph of one operator. */
const evaluate = async (
  inputs: Record<string, Tensor>,
  write: (ops: CpuOperators, values: Value[]) => Value,
): Promise<Tensor> => {
  const graph = new GraphBuilder();
  const values = Object.entries(inputs).map(([name, { dims }]) =>
    graph.input(
      name,
      'F32',
      dims.map((_, axis) => `${name}${axis}`),
    ),
  );
  graph.output(write(new CpuOperators(graph), values), 'result', ['a', 'b', 'c', 'd'].slice(0, 4));
  const network = await openSession(graph.finish('test', mkdtempSync(`${tmpdir()}/sdxl-refine-`)));
  return (await network.run(inputs))['result']!;
};

/** Numbers with no pattern that an error could hide in. */
const numbers = (dims: number[], seed = 1): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(dims) }, (_, index) => Math.sin(seed * 12.9898 + index * 78.233) * 2),
    dims,
  );

it('groupNorm equals group normalization with SiLU', async () => {
  const [channels, groups, area] = [4, 2, 6];
  const [x, gamma, beta] = [numbers([2, channels, 2, 3]), numbers([channels], 2), numbers([channels], 3)];
  const ours = await evaluate({ x, gamma, beta }, (ops, [a, b, c]) =>
    ops.groupNorm(a!, b!, c!, { channels, groups, epsilon: 1e-5, silu: true }),
  );
  const size = (channels / groups) * area;
  const expected = x.data.map((value, index) => {
    const start = Math.floor(index / size) * size;
    const group = [...x.data.subarray(start, start + size)];
    const mean = group.reduce((a, b) => a + b) / size;
    const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / size;
    const channel = Math.floor(index / area) % channels;
    const normal = ((value - mean) / Math.sqrt(variance + 1e-5)) * gamma.data[channel]! + beta.data[channel]!;
    return normal / (1 + Math.exp(-normal));
  });
  expect(maxDifference(ours.data, expected)).toBeLessThan(1e-5);
});

it('attention equals softmax attention by head, with and without a causal mask', async () => {
  const [length, channels, heads] = [3, 4, 2];
  const [query, key, value] = [
    numbers([length, channels], 1),
    numbers([length, channels], 2),
    numbers([length, channels], 3),
  ];
  for (const causal of [false, true]) {
    const ours = await evaluate({ query, key, value }, (ops, [q, k, v]) =>
      ops.attention(q!, k!, v!, { channels, heads, causal, batch: ops.graph.integers([1]) }),
    );
    const depth = channels / heads;
    const expected = query.data.map((_, index) => {
      const [row, head] = [Math.floor(index / channels), Math.floor((index % channels) / depth)];
      const scores = Array.from({ length: causal ? row + 1 : length }, (_unused, other) => {
        let dot = 0;
        for (let i = 0; i < depth; i++)
          dot += query.data[row * channels + head * depth + i]! * key.data[other * channels + head * depth + i]!;
        return Math.exp(dot / Math.sqrt(depth));
      });
      const sum = scores.reduce((a, b) => a + b);
      return scores.reduce(
        (total, score, other) => total + (score / sum) * value.data[other * channels + (index % channels)]!,
        0,
      );
    });
    expect(maxDifference(ours.data, expected)).toBeLessThan(1e-5);
  }
});

it('toFeatureMap inverts toTokens', async () => {
  const x = numbers([2, 3, 4, 5]);
  const ours = await evaluate({ x }, (ops, [a]) => ops.toFeatureMap(ops.toTokens(a!, 3), a!));
  expect(ours).toEqual(x);
});

it('upsampleTo equals torch’s nearest interpolation', async () => {
  const [x, like] = [numbers([1, 1, 2, 3]), numbers([1, 9, 3, 5])];
  const ours = await evaluate({ x, like }, (ops, [a, b]) => ops.upsampleTo(a!, b!));
  expect(ours.dims).toEqual([1, 1, 3, 5]);
  const expected = ours.data.map((_, index) => {
    const [row, column] = [Math.floor(index / 5), index % 5];
    return x.data[Math.floor((row * 2) / 3) * 3 + Math.floor((column * 3) / 5)]!;
  });
  expect(maxDifference(ours.data, expected)).toBe(0);
});

it('activations equal their definitions', async () => {
  const x = tensor(Float32Array.of(-3, -1, -0.1, 0, 0.5, 2, 4), [7]);
  const activations: [(ops: CpuOperators, a: Value) => Value, (v: number) => number][] = [
    [(ops, a) => ops.silu(a), (v) => v / (1 + Math.exp(-v))],
    [(ops, a) => ops.quickGelu(a), (v) => v / (1 + Math.exp(-1.702 * v))],
    [(ops, a) => ops.gelu(a), (v) => (v * (1 + erf(v / Math.SQRT2))) / 2],
  ];
  for (const [write, define] of activations) {
    const ours = await evaluate({ x }, (ops, [a]) => write(ops, a!));
    expect(maxDifference(ours.data, x.data.map(define))).toBeLessThan(1e-6);
  }
});

it('an error of a run names the network', async () => {
  const graph = new GraphBuilder();
  graph.output(new CpuOperators(graph).silu(graph.input('x', 'F32', [2])), 'y', [2]);
  const network = await openSession(graph.finish('UNet', tmpdir()));
  const run = network.run({ x: numbers([3]) });
  await expect(run).rejects.toMatchObject({
    code: 'SESSION_RUN',
    message: expect.stringContaining('The UNet failed') as string,
  });
});

/** Series of the error function: exact to float32 for |x| < 3. */
const erf = (x: number): number => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
