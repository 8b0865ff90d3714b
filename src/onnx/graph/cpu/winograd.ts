/**
 * 3×3 convolution by Winograd F(4×4,3×3) (Lavin and Gray 2015, arXiv:1509.09308, §4.2, whose matrices
 * these are) in the NCHWc layout: 36 multiplications for 16 outputs, where direct convolution takes 144.
 */
import { matrixToNchwc, nchwcConv } from './nchwc-layout.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Named, PlainValue } from '../onnx/value.js';

/** Sides of a tile of outputs and of its tile of inputs. */
export const OUTPUT_TILE = 4;
const INPUT_TILE = OUTPUT_TILE + 2;
/** Elements of a transformed tile. Each has a separate matrix multiplication over channels. */
export const TILE_ELEMENTS = INPUT_TILE ** 2;
const KERNEL_SIZE = 9;

/** Bᵀ, the input transform [6,6]. */
const INPUT = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
/** G, the kernel transform [6,3]. */
const KERNEL = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
/** Aᵀ, the output transform [4,6]. */
const OUTPUT = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];
/** The tile element that counts once in every output, in both directions (Aᵀ's column of ones): the bias is added to it. */
const BIAS_ELEMENT = INPUT_TILE + 1;

/** The transform over rows and columns as one matrix [r²,c²]: the Kronecker product of the matrix with itself. */
const kronecker = (matrix: readonly (readonly number[])[]): Float32Array[] =>
  matrix.flatMap((top) =>
    matrix.map((left) => Float32Array.from(top.flatMap((down) => left.map((across) => down * across)))),
  );
const concatRows = (rows: readonly Float32Array[]): Float32Array => Float32Array.from(rows.flatMap((row) => [...row]));

/** [36,9]: a 3×3 kernel to its transformed kernel. */
export const KERNEL_TRANSFORM = concatRows(kronecker(KERNEL));
/** [36][36]: a 6×6 input tile to each element of the transformed tile. */
const INPUT_TRANSFORM = kronecker(INPUT);
/** [16,36]: a multiplied tile to a 4×4 output tile. */
const OUTPUT_TRANSFORM = concatRows(kronecker(OUTPUT));

/** With fewer channels the transforms take as long as the multiplications that they save. */
const MIN_CHANNELS = 128;
/** Latents' side over 8: here tiles are few, and transformed kernels are many. */
const LOWEST_RESOLUTION_LEVEL = 3;
/** Up to this level there are enough tiles to pay for transforming the kernels at each run. */
const LAST_LEVEL_AT_RUN = 1;

/** Whether a convolution's kernels are transformed at each run, only ahead in a prepared file, or never. */
export type WinogradMode = 'always' | 'prepared' | 'never';

/** Where Winograd is faster than direct convolution, on images of 512² and more. @param level of the UNet; 0: full resolution */
export const winogradMode = (channels: readonly [number, number], level: number): WinogradMode => {
  if (Math.min(...channels) < MIN_CHANNELS || level >= LOWEST_RESOLUTION_LEVEL) return 'never';
  return level <= LAST_LEVEL_AT_RUN ? 'always' : 'prepared';
};

/** Transforms kernels at each run. @param weight [out,in,3,3] @returns [36·out,in,1,1] in the NCHWc layout */
export const transformKernelsAtRun = (
  graph: GraphBuilder,
  weight: Named,
  channels: readonly [number, number],
): PlainValue =>
  graph.once(`transformed:${weight.name}`, () => {
    const transform = graph.floats('winograd kernel', KERNEL_TRANSFORM, [TILE_ELEMENTS, KERNEL_SIZE]);
    const kernels = graph.node('Reshape', [weight, graph.integers([-1, KERNEL_SIZE])]);
    const transformed = graph.node('Gemm', [transform, kernels], { transB: 1 });
    return matrixToNchwc(graph, transformed, channels, TILE_ELEMENTS);
  });

export interface WinogradLayer {
  /** [36·out,in,1,1]: transformed kernels in the NCHWc layout (models/weights/cache/prepare-kernels.ts). */
  weight: Named;
  /** [out] */
  bias: Named | null;
  /** [in, out] */
  channels: readonly [number, number];
  /** Channels of an NCHWc block. */
  blockSize: number;
}

/**
 * Convolves tile by tile; a tile is four rows and columns of the output.
 * @param x [B,in/block,·] in the NCHWc layout, of `size` [2]: rows and columns
 * @param pads enough for whole tiles, also where sides are not multiples of a tile
 * @returns [B,out/block,4·tile rows,4·tile columns,block]
 */
export const winogradTiles = (
  graph: GraphBuilder,
  { x, batch, size }: { x: Named; batch: Named; size: Named },
  pads: readonly [number, number, number, number],
  { weight, bias, channels: [inChannels, outChannels], blockSize }: WinogradLayer,
): PlainValue => {
  const integers = (...values: number[]): PlainValue => graph.integers(values);
  const reshape = (value: Named, shape: Named): PlainValue => graph.node('Reshape', [value, shape]);

  // 1. Blocks before batch, so that a matrix multiplication reads its weights once for the whole batch.
  const blocksFirst = graph.node('Transpose', [x], { perm: [1, 0, 2] });
  const blocks = reshape(blocksFirst, graph.concat(integers(-1, blockSize), size));

  // 2. Transformed input tiles: each element is a depthwise convolution with one kernel.
  const elements = INPUT_TRANSFORM.map((kernel, index) => {
    const kernels = graph.floats(`winograd input ${index}`, repeatEach(kernel, blockSize), [
      blockSize,
      1,
      INPUT_TILE,
      INPUT_TILE,
    ]);
    const options = { kernel: INPUT_TILE, stride: OUTPUT_TILE, pads, groups: blockSize };
    return nchwcConv(graph, { x: blocks, weight: kernels, bias: null }, options);
  });
  const transformed = graph.node('Concat', elements, { axis: 0 });
  const tiles = graph.node('Shape', [transformed], { start: 2, end: 4 });

  // 3. Matrix multiplications over channels, one for each element.
  const rows = reshape(transformed, integers(1, TILE_ELEMENTS * inChannels, 1, -1));
  const zeros = integers(BIAS_ELEMENT * outChannels, (TILE_ELEMENTS - 1 - BIAS_ELEMENT) * outChannels);
  const tileBias = bias === null ? null : graph.node('Pad', [bias, zeros]);
  const multiplied = nchwcConv(graph, { x: rows, weight, bias: tileBias }, { kernel: 1, groups: TILE_ELEMENTS });

  // 4. Output transform. The caller crops tiles that extend beyond the feature map.
  const outputTransform = graph.floats('winograd output', OUTPUT_TRANSFORM, [OUTPUT_TILE ** 2, TILE_ELEMENTS]);
  const outputs = graph.node('MatMul', [outputTransform, reshape(multiplied, integers(TILE_ELEMENTS, -1))]);
  const outputTiles = reshape(
    outputs,
    graph.concat(integers(OUTPUT_TILE, OUTPUT_TILE, outChannels / blockSize), batch, tiles, integers(blockSize)),
  );
  const pixels = graph.node('Transpose', [outputTiles], { perm: [3, 2, 4, 0, 5, 1, 6] });
  const sides = graph.node('Mul', [tiles, integers(OUTPUT_TILE, OUTPUT_TILE)]);
  return reshape(pixels, graph.concat(batch, integers(outChannels / blockSize), sides, integers(blockSize)));
};

/** Each number `count` times in a row. */
const repeatEach = (numbers: Float32Array, count: number): Float32Array => {
  const repeated = new Float32Array(numbers.length * count);
  for (const [index, number] of numbers.entries()) repeated.fill(number, index * count, (index + 1) * count);
  return repeated;
};
