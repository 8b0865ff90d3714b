import type { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import type { ConvWeight } from '#src/onnx/graph/operators/operators.js';
import { winogradMode, KERNEL_TRANSFORM } from '#src/onnx/graph/cpu/winograd.js';
import { toNchwcWeights } from '#src/tensor/nchwc-weights.js';
import { tensor, type Tensor } from '#src/tensor/tensor.js';
import { transformKernels } from '#src/tensor/transform-kernels.js';
import { maxDifference } from '../../../../support/golden.js';
import { blockSize, run as runOperators, testNchwc } from '../../../../support/nchwc-operators.js';

const [IN, OUT] = [32, 48];
/** Between -1 and 1. */
const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * 1.7) * Math.cos(i * 0.3));
const KERNELS = numbers(OUT * IN * 9).map((value) => value / 4);

const run = (
  x: Tensor,
  weight: (ops: CpuOperators) => ConvWeight,
  { isBiased = true, inRowStrips = false } = {},
): Promise<Tensor> =>
  runOperators(x, blockSize, (ops, input) => {
    const bias = isBiased ? ops.graph.floats('bias', numbers(OUT), [OUT]) : null;
    return ops.conv(input, weight(ops), bias, { kernel: 3, channels: [IN, OUT], inRowStrips });
  });
const direct = ({ graph }: CpuOperators): ConvWeight => graph.floats('kernel', KERNELS, [OUT, IN, 3, 3]);
const atRun = (ops: CpuOperators): ConvWeight => ({ ...direct(ops), layout: 'winograd at run' });
const ahead = ({ graph }: CpuOperators): ConvWeight => {
  const planes = transformKernels(KERNELS, KERNEL_TRANSFORM);
  const all = planes.flatMap((plane) => [...toNchwcWeights(plane, { outputs: OUT, inputs: IN, taps: 1 }, blockSize)]);
  const weight = graph.floats('transformed', Float32Array.from(all), [planes.length * OUT, IN, 1, 1]);
  return { ...weight, layout: 'winograd' };
};

/* Sides that are multiples of a tile and not, feature maps smaller than a tile, and one of several row strips. */
describe.each([
  [1, 8, 8],
  [2, 9, 13],
  [3, 30, 6],
  [1, 1, 3],
  [1, 250, 203],
])('%i feature maps of %i × %i', (batch, height, width) => {
  const x = tensor(numbers(batch * IN * height * width), [batch, IN, height, width]);
  let expected: Promise<Tensor> | undefined;

  testNchwc.each([
    ['transformed at run, whole', atRun, false],
    ['transformed at run, in row strips', atRun, true],
    ['transformed ahead, whole', ahead, false],
  ])('Winograd equals direct convolution: %s', async (_, weight, inRowStrips) => {
    const y = await run(x, weight, { inRowStrips });
    expect(y.dims).toEqual([batch, OUT, height, width]);
    expected ??= run(x, direct);
    expect(maxDifference(y.data, (await expected).data)).toBeLessThan(1e-4);
  });
});

testNchwc('Winograd without a bias equals direct convolution', async () => {
  const x = tensor(numbers(IN * 5 * 7), [1, IN, 5, 7]);
  const [y, expected] = [await run(x, atRun, { isBiased: false }), await run(x, direct, { isBiased: false })];
  expect(maxDifference(y.data, expected.data)).toBeLessThan(1e-4);
});

it('Winograd is used for many channels and not at the lowest resolution; at run only at full resolution', () => {
  expect(winogradMode([384, 384], 0)).toBe('always');
  expect(winogradMode([768, 768], 1)).toBe('always');
  expect(winogradMode([1536, 1536], 2)).toBe('prepared');
  expect(winogradMode([384, 4], 0)).toBe('never');
  expect(winogradMode([1536, 1536], 3)).toBe('never');
});
