import { CpuOperators } from '#src/graph/cpu-operators.js';
import { GraphBuilder } from '#src/graph/graph-builder.js';
import type { Kernel } from '#src/graph/operators.js';
import { suitsFiltering, TO_KERNELS, winogradConv } from '#src/graph/winograd.js';
import { openNetwork } from '#src/runtime/network.js';
import { tensor, type Tensor } from '#src/tensor/tensor.js';
import { transformKernels } from '#src/tensor/transform-kernels.js';
import { maxDifference } from '../../support/golden.js';

const [INNER, OUTER] = [6, 5];
/** Repeats, and is as large as 1. */
const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * 1.7) * Math.cos(i * 0.3));
const KERNELS = numbers(OUTER * INNER * 9);

const run = async (x: Tensor, write: (ops: CpuOperators, x: ReturnType<CpuOperators['pictureIn']>) => Kernel) => {
  const ops = new CpuOperators(new GraphBuilder());
  ops.pictureOut(write(ops, ops.pictureIn('x', ['b', INNER, 'h', 'w'])), 'y', ['b', OUTER, 'h', 'w']);
  const network = await openNetwork(ops.graph.finish('test', '/'));
  const { y } = await network.run({ x });
  await network.close();
  return y!;
};
const kernel = ({ graph }: CpuOperators): Kernel => graph.floats('kernel', KERNELS, [OUTER, INNER, 3, 3]);
const transformed = ({ graph }: CpuOperators): Kernel => {
  const planes = transformKernels(KERNELS, TO_KERNELS);
  const all = Float32Array.from(planes.flatMap((plane) => [...plane]));
  return { ...graph.floats('transformed', all, [planes.length, OUTER, INNER]), isTransformed: true };
};
const bias = ({ graph }: CpuOperators) => graph.floats('bias', numbers(OUTER), [OUTER]);

/* Sides that are multiples of a tile's, that are not, and pictures smaller than one tile. */
describe.each([
  [1, 8, 8],
  [2, 9, 13],
  [3, 30, 6],
  [1, 1, 3],
])('%i pictures of %i × %i', (batch, height, width) => {
  const x = tensor(numbers(batch * INNER * height * width), [batch, INNER, height, width]);
  const plain = run(x, (ops, input) => ops.conv(input, kernel(ops), bias(ops), { kernel: 3 }));

  test.each([
    ['transformed at each run', kernel],
    ['transformed before', transformed],
  ])('gives the convolution’s numbers, kernels %s', async (_, weight) => {
    const y = await run(x, (ops, input) =>
      winogradConv(ops.graph, { x: input, weight: weight(ops), bias: bias(ops) }, [INNER, OUTER]),
    );
    expect(y.dims).toEqual([batch, OUTER, height, width]);
    expect(maxDifference(y.data, (await plain).data)).toBeLessThan(1e-4);
  });
});

/* One picture on each side of the size that decides. */
test.each([8, 64])('on the CPU, whichever way a picture of %i² goes, the numbers are the same', async (side) => {
  const x = tensor(numbers(INNER * side * side), [1, INNER, side, side]);
  const plain = await run(x, (ops, input) => ops.conv(input, kernel(ops), bias(ops), { kernel: 3 }));
  const chosen = await run(x, (ops, input) =>
    ops.conv(input, kernel(ops), bias(ops), { kernel: 3, filtered: [INNER, OUTER] }),
  );
  expect(maxDifference(chosen.data, plain.data)).toBeLessThan(1e-4);
});

test('is for many channels and all but the coarsest pictures', () => {
  expect(suitsFiltering([384, 384], 0)).toBe(true);
  expect(suitsFiltering([384, 4], 0)).toBe(false);
  expect(suitsFiltering([1536, 1536], 3)).toBe(false);
});
