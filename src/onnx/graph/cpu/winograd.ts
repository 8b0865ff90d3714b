/**
 * 3×3 convolution by minimal filtering (Lavin and Gray 2015, arXiv:1509.09308, §4.2; the matrices of F(4×4,3×3) are
 * theirs) on channels in blocks: 36 products for 16 outputs, where the sum itself takes 144.
 */
import { blockedConv, blockMatrix } from './nchwc-layout.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';

/** Side of the square of outputs that one tile gives, and of the square of inputs that it takes. */
export const OUT = 4;
const IN = OUT + 2;
/** Products of a tile, each over channels of its own. */
export const PRODUCTS = IN * IN;
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
/** Of inputs: six rows of six to each of its factors [36][36]. */
const TO_FACTORS = squared(INPUT);
/** Of products [16,36]: to four rows of four outputs. */
const TO_OUTPUTS = joined(squared(OUTPUT));

/** Below, the transforms of pictures take as long as what they spare. */
const FEWEST_CHANNELS = 128;
/** An eighth of the latents' side: tiles are few there, and the transformed kernels many. */
const COARSE_LEVEL = 3;

/** Whether kernels are transformed at each run, only in a file made before, or not at all. */
export type Filtering = 'always' | 'prepared' | 'never';

/** Where it is faster than the sum, on pictures of 512² and more. @param level of the UNet, 0 the finest */
export const filteringOf = (channels: readonly [number, number], level: number): Filtering => {
  if (Math.min(...channels) < FEWEST_CHANNELS || level >= COARSE_LEVEL) return 'never';
  return level === 0 ? 'always' : 'prepared';
};

/** @param weight [out,in,3,3] @returns [36·out,in,1,1] at each run */
export const transformAtRun = (graph: GraphBuilder, weight: Value, [inner, outer]: readonly [number, number]): Value =>
  graph.once(`transformed:${weight.name}`, () => {
    const toKernels = graph.floats('winograd kernel', TO_KERNELS, [PRODUCTS, KERNEL_SIZE]);
    const taps = graph.node('Reshape', [weight, graph.integers([-1, KERNEL_SIZE])]);
    const factors = graph.node('Gemm', [toKernels, taps], { transB: 1 });
    return blockMatrix(graph, factors, [inner, outer], PRODUCTS);
  });

export interface FilteredLayer {
  /** [36·out,in,1,1], transformed and blocked (models/weights/cache/prepare-kernels.ts) */
  weight: Value;
  /** [out] */
  bias: Value | null;
  channels: readonly [number, number];
  /** Channels of one. */
  block: number;
}

/**
 * The tiles of pictures, one for every four rows and columns.
 * @param x [B,in/block,·], in blocks, of `size` [2]: rows and columns
 * @param pads so much that there is a tile for every output, also where sides are no multiples of a tile's
 * @returns [B,out/block,4·tile rows,4·tile columns,block]
 */
export const filterTiles = (
  graph: GraphBuilder,
  { x, batch, size }: { x: Value; batch: Value; size: Value },
  pads: readonly [number, number, number, number],
  { weight, bias, channels: [inner, outer], block }: FilteredLayer,
): Value => {
  const integers = (...values: number[]): Value => graph.integers(values);
  const reshape = (value: Value, shape: Value): Value => graph.node('Reshape', [value, shape]);

  // 1. Blocks before batch, so that the weights of a product are read once for all pictures.
  const turned = graph.node('Transpose', [x], { perm: [1, 0, 2] });
  const blocks = reshape(turned, graph.join(integers(-1, block), size));

  // 2. The factors of all tiles: each a convolution of every channel alone with one kernel.
  const factors = TO_FACTORS.map((taps, index) => {
    const kernels = graph.floats(`winograd input ${index}`, repeated(taps, block), [block, 1, IN, IN]);
    const options = { kernel: IN, stride: OUT, pads, groups: block };
    return blockedConv(graph, { x: blocks, weight: kernels, bias: null }, options);
  });
  const all = graph.node('Concat', factors, { axis: 0 });
  const tiles = graph.node('Shape', [all], { start: 2, end: 4 });

  // 3. The products.
  const rows = reshape(all, integers(1, PRODUCTS * inner, 1, -1));
  const around = integers(SHARED * outer, (PRODUCTS - 1 - SHARED) * outer);
  const shared = bias === null ? null : graph.node('Pad', [bias, around]);
  const products = blockedConv(graph, { x: rows, weight, bias: shared }, { kernel: 1, groups: PRODUCTS });

  // 4. Back to pixels; what tiles give beyond the picture's edge is for the caller to cut off.
  const toOutputs = graph.floats('winograd output', TO_OUTPUTS, [OUT * OUT, PRODUCTS]);
  const outputs = graph.node('MatMul', [toOutputs, reshape(products, integers(PRODUCTS, -1))]);
  const squares = reshape(outputs, graph.join(integers(OUT, OUT, outer / block), batch, tiles, integers(block)));
  const pixels = graph.node('Transpose', [squares], { perm: [3, 2, 4, 0, 5, 1, 6] });
  const sides = graph.node('Mul', [tiles, integers(OUT, OUT)]);
  return reshape(pixels, graph.join(batch, integers(outer / block), sides, integers(block)));
};

/** Each number `count` times, one beside the other. */
const repeated = (numbers: Float32Array, count: number): Float32Array => {
  const all = new Float32Array(numbers.length * count);
  for (const [index, number] of numbers.entries()) all.fill(number, index * count, (index + 1) * count);
  return all;
};
