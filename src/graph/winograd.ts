/**
 * 3×3 convolution by minimal filtering (Lavin and Gray 2015, arXiv:1509.09308, §4.2; the matrices of F(4×4,3×3) are
 * theirs) on channels in blocks: 36 products for 16 outputs, where the sum itself takes 144.
 */
import { blockedConv, blockMatrix } from './blocked-layout.js';
import type { GraphBuilder, Value } from './graph-builder.js';

/** Side of the square of outputs that one tile gives, and of the square of inputs that it takes. */
const OUT = 4;
const IN = OUT + 2;
/** Products of a tile, each over channels of its own. */
const PRODUCTS = IN * IN;
const KERNEL_SIZE = 9;

/** Bᵀ: six inputs in a row to six factors. */
const INPUT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
/** G: three weights in a row to six factors. */
const KERNEL = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
/** Aᵀ: six products to four outputs in a row. */
const OUTPUT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];
/** The product that every output of a tile has once, in both directions: Aᵀ's column of ones. A bias added to it is in all. */
const SHARED = IN + 1;

/** A row's transform over rows and columns, as one matrix [r², c²]: its Kronecker product with itself. */
const squared = (matrix: readonly (readonly number[])[]): Float32Array[] =>
  matrix.flatMap((top) =>
    matrix.map((left) => Float32Array.from(top.flatMap((down) => left.map((across) => down * across)))),
  );
const joined = (rows: readonly Float32Array[]): Float32Array => Float32Array.from(rows.flatMap((row) => [...row]));

/** The transform of kernels [36,9]: of the nine weights of one, row by row, to its factors. */
export const TO_KERNELS = joined(squared(KERNEL));

/** Below, the transforms of pictures take as long as what they spare. */
const FEWEST_CHANNELS = 256;
/** An eighth of the latents' side: tiles are few there, and the transformed kernels many. */
const COARSE_LEVEL = 3;

/** Whether kernels are transformed at each run, only in a file made before, or not at all. */
export type Filtering = 'always' | 'prepared' | 'never';

/** Where it is faster than the sum, on pictures of 512² and more. @param level of the UNet, 0 the finest */
export const filteringOf = (channels: readonly [number, number], level: number): Filtering => {
  if (Math.min(...channels) < FEWEST_CHANNELS || level >= COARSE_LEVEL) return 'never';
  return level === 0 ? 'always' : 'prepared';
};

/** @param weight [out,in,3,3] @returns [36·out,in,1,1] for `winogradConv`, at each run */
export const transformAtRun = (graph: GraphBuilder, weight: Value, [inner, outer]: readonly [number, number]): Value =>
  graph.once(`transformed:${weight.name}`, () => {
    const toKernels = graph.floats('winograd kernel', TO_KERNELS, [PRODUCTS, KERNEL_SIZE]);
    const taps = graph.node('Reshape', [weight, graph.integers([-1, KERNEL_SIZE])]);
    const factors = graph.node('Gemm', [toKernels, taps], { transB: 1 });
    return blockMatrix(graph, factors, [inner, outer], PRODUCTS);
  });

/**
 * Stride 1, and padding that keeps the size.
 * @param x [B,in,H,W], blocked
 * @param weight [36·out,in,1,1], transformed and blocked (weights/prepare-kernels.ts)
 * @param bias [out]
 * @returns [B,out,H,W], blocked; equal to the sum but for rounding
 */
export const winogradConv = (
  graph: GraphBuilder,
  { x, weight, bias }: { x: Value; weight: Value; bias: Value | null },
  { channels: [inner, outer], block }: { channels: readonly [number, number]; block: number },
): Value => {
  const integers = (...values: number[]): Value => graph.integers(values);
  const reshape = (value: Value, shape: Value): Value => graph.node('Reshape', [value, shape]);
  const join = (...parts: Value[]): Value => graph.node('Concat', parts, { axis: 0 });
  const batch = graph.node('Shape', [x], { start: 0, end: 1 });
  const size = graph.node('Shape', [x], { start: 2, end: 4 });
  const tiles = graph.node('Div', [graph.node('Add', [size, integers(OUT - 1, OUT - 1)]), integers(OUT, OUT)]);

  // 1. Blocks before batch, so that the weights of a product are read once for all pictures.
  const apart = reshape(x, join(batch, integers(inner / block, -1)));
  const blocks = reshape(graph.node('Transpose', [apart], { perm: [1, 0, 2] }), join(integers(-1, block), size));

  // 2. The factors of all tiles: each a convolution of every channel alone with one kernel. So much padding gives a tile for
  // every output, also where sides are no multiples of a tile's.
  const factors = squared(INPUT).map((taps, index) => {
    const kernels = graph.floats(`winograd input ${index}`, repeated(taps, block), [block, 1, IN, IN]);
    const options = { kernel: IN, stride: OUT, pads: [1, 1, OUT, OUT], groups: block } as const;
    return blockedConv(graph, { x: blocks, weight: kernels, bias: null }, options);
  });
  const rows = reshape(graph.node('Concat', factors, { axis: 0 }), integers(1, PRODUCTS * inner, 1, -1));

  // 3. The products.
  const shared = (value: Value): Value =>
    graph.node('Pad', [value, integers(SHARED * outer, (PRODUCTS - 1 - SHARED) * outer)]);
  const products = blockedConv(
    graph,
    { x: rows, weight, bias: bias === null ? null : shared(bias) },
    { kernel: 1, groups: PRODUCTS },
  );

  // 4. Back to pixels; what tiles give beyond the picture's edge is cut off.
  const toOutputs = graph.floats('winograd output', joined(squared(OUTPUT)), [OUT * OUT, PRODUCTS]);
  const outputs = graph.node('MatMul', [toOutputs, reshape(products, integers(PRODUCTS, -1))]);
  const squares = reshape(outputs, join(integers(OUT, OUT, outer / block), batch, tiles, integers(block)));
  const pixels = graph.node('Transpose', [squares], { perm: [3, 2, 4, 0, 5, 1, 6] });
  const sides = graph.node('Mul', [tiles, integers(OUT, OUT)]);
  const whole = reshape(pixels, join(integers(-1), sides, integers(block)));
  const cut = graph.node('Slice', [whole, integers(0, 0), size, integers(1, 2)]);
  return reshape(cut, join(batch, integers(outer), size));
};

/** Each number `count` times, one beside the other. */
const repeated = (numbers: Float32Array, count: number): Float32Array =>
  Float32Array.from([...numbers].flatMap((number) => new Array<number>(count).fill(number)));
