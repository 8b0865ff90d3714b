import type { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import type { Kernel } from '#src/onnx/graph/operators/operators.js';
import { filteringOf, TO_KERNELS } from '#src/onnx/graph/cpu/winograd.js';
import { blockWeights } from '#src/tensor/nchwc-weights.js';
import { tensor, type Tensor } from '#src/tensor/tensor.js';
import { transformKernels } from '#src/tensor/transform-kernels.js';
import { maxDifference } from '../../../../support/golden.js';
import { block, run as runBlocked, testOfBlocks } from '../../../../support/of-blocks.js';

const [INNER, OUTER] = [32, 48];
/** Repeats, and is as large as 1. */
const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * 1.7) * Math.cos(i * 0.3));
const KERNELS = numbers(OUTER * INNER * 9).map((value) => value / 4);

const run = (
  x: Tensor,
  weight: (ops: CpuOperators) => Kernel,
  { isBiased = true, inBands = false } = {},
): Promise<Tensor> =>
  runBlocked(x, block, (ops, input) => {
    const bias = isBiased ? ops.graph.floats('bias', numbers(OUTER), [OUTER]) : null;
    return ops.conv(input, weight(ops), bias, { kernel: 3, channels: [INNER, OUTER], inBands });
  });
const plain = ({ graph }: CpuOperators): Kernel => graph.floats('kernel', KERNELS, [OUTER, INNER, 3, 3]);
const atRun = (ops: CpuOperators): Kernel => ({ ...plain(ops), layout: 'to transform' });
const before = ({ graph }: CpuOperators): Kernel => {
  const planes = transformKernels(KERNELS, TO_KERNELS);
  const all = planes.flatMap((plane) => [...blockWeights(plane, { outer: OUTER, inner: INNER, taps: 1 }, block)]);
  const weight = graph.floats('transformed', Float32Array.from(all), [planes.length * OUTER, INNER, 1, 1]);
  return { ...weight, layout: 'transformed' };
};

/* Sides that are multiples of a tile's, that are not, pictures smaller than one tile, and one that takes several bands. */
describe.each([
  [1, 8, 8],
  [2, 9, 13],
  [3, 30, 6],
  [1, 1, 3],
  [1, 250, 203],
])('%i pictures of %i × %i', (batch, height, width) => {
  const x = tensor(numbers(batch * INNER * height * width), [batch, INNER, height, width]);

  testOfBlocks.each([
    ['at each run, of the whole', atRun, false],
    ['at each run, in bands', atRun, true],
    ['before, of the whole', before, false],
  ])('kernels transformed %s, give the convolution’s numbers', async (_, weight, inBands) => {
    const y = await run(x, weight, { inBands });
    expect(y.dims).toEqual([batch, OUTER, height, width]);
    expect(maxDifference(y.data, (await run(x, plain)).data)).toBeLessThan(1e-4);
  });
});

testOfBlocks('needs no bias', async () => {
  const x = tensor(numbers(INNER * 5 * 7), [1, INNER, 5, 7]);
  const [y, sum] = [await run(x, atRun, { isBiased: false }), await run(x, plain, { isBiased: false })];
  expect(maxDifference(y.data, sum.data)).toBeLessThan(1e-4);
});

test('is for many channels and all but the coarsest pictures, at each run for the finest alone', () => {
  expect(filteringOf([384, 384], 0)).toBe('always');
  expect(filteringOf([768, 768], 1)).toBe('prepared');
  expect(filteringOf([384, 4], 0)).toBe('never');
  expect(filteringOf([1536, 1536], 3)).toBe('never');
});
