/**
 * 3×3 convolution by minimal filtering (Lavin and Gray 2015, arXiv:1509.09308, §4.2; the matrices of F(4×4,3×3) are
 * theirs), written in plain operators: 36 products for 16 outputs, where the sum itself takes 144.
 */
import type { GraphBuilder, Value } from './graph-builder.js';
import type { Kernel } from './operators.js';

/** Side of the square of outputs that one tile gives, and of the square of inputs that it takes. */
const OUT = 4;
const IN = OUT + 2;
/** Products of a tile, each a matrix product over channels of its own. */
const PRODUCTS = IN * IN;

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

/** Below, the transforms of pictures take longer than what they spare. */
const FEWEST_CHANNELS = 256;
/** An eighth of the latents' side: at 512² tiles of 4 pixels are too few there. */
const COARSE_LEVEL = 3;

/** Where it is faster than the plain sum, on pictures of 512² and more. @param level of the UNet, 0 the finest */
export const suitsFiltering = (channels: readonly [number, number], level: number): boolean =>
  Math.min(...channels) >= FEWEST_CHANNELS && level < COARSE_LEVEL;

/**
 * Stride 1, and padding that keeps the size. Kernels that are not transformed yet are so at each run.
 * @param x [B,in,H,W] @param weight [out,in,3,3], or transformed [36,out,in] @param bias [out] @returns [B,out,H,W], equal to the sum but for rounding
 */
export const winogradConv = (
  graph: GraphBuilder,
  { x, weight, bias }: { x: Value; weight: Kernel; bias: Value },
  [inner, outer]: readonly [number, number],
): Value => {
  const integers = (...values: number[]): Value => graph.integers(values);
  const reshape = (value: Value, shape: Value): Value => graph.node('Reshape', [value, shape]);
  const join = (...parts: Value[]): Value => graph.node('Concat', parts, { axis: 0 });
  const batch = graph.node('Shape', [x], { start: 0, end: 1 });
  const size = graph.node('Shape', [x], { start: 2, end: 4 });

  // 1. Both transforms of the input at once are a convolution of each channel alone, one kernel a factor. So much padding
  // gives a tile for every output, also where sides are no multiples of a tile's.
  const planes = reshape(x, join(integers(-1, 1), size));
  const kernels = graph.floats('winograd input', squared(INPUT), [PRODUCTS, 1, IN, IN]);
  const factors = graph.node('Conv', [planes, kernels], {
    kernel_shape: [IN, IN],
    strides: [OUT, OUT],
    pads: [1, 1, OUT, OUT],
  });
  const tiles = graph.node('Shape', [factors], { start: 2, end: 4 });
  const byProduct = graph.node('Transpose', [reshape(factors, join(batch, integers(inner, PRODUCTS, -1)))], {
    perm: [2, 1, 0, 3],
  });

  // 2. The kernels', and the products.
  const toKernels = graph.floats('winograd kernel', TO_KERNELS, [PRODUCTS, KERNEL_SIZE]);
  const transform = (): Value =>
    reshape(
      graph.node('Gemm', [toKernels, reshape(weight, integers(-1, KERNEL_SIZE))], { transB: 1 }),
      integers(PRODUCTS, outer, inner),
    );
  const products = graph.node('MatMul', [
    weight.isTransformed === true ? weight : transform(),
    reshape(byProduct, integers(PRODUCTS, inner, -1)),
  ]);

  // 3. Back to pixels; what tiles give beyond the picture's edge is cut off.
  const toOutputs = graph.floats('winograd output', squared(OUTPUT), [OUT * OUT, PRODUCTS]);
  const squares = graph.node('MatMul', [toOutputs, reshape(products, integers(PRODUCTS, -1))]);
  const apart = reshape(squares, join(integers(OUT, OUT, outer), batch, tiles));
  const pixels = graph.node('Transpose', [apart], { perm: [3, 2, 4, 0, 5, 1] });
  const whole = reshape(pixels, join(batch, integers(outer), graph.node('Mul', [tiles, integers(OUT, OUT)])));
  const cut = graph.node('Slice', [whole, integers(0, 0), size, integers(2, 3)]);
  return graph.node('Add', [cut, reshape(bias, integers(1, outer, 1, 1))]);
};

/** A row's transform over rows and columns, as one matrix [r², c²]: its Kronecker product with itself. */
const squared = (matrix: readonly (readonly number[])[]): Float32Array =>
  Float32Array.from(
    matrix.flatMap((top) => matrix.flatMap((left) => top.flatMap((down) => left.map((across) => down * across)))),
  );

const KERNEL_SIZE = 9;
/** The transform of kernels [36,9]: of the nine weights of one, row by row, to its factors. */
export const TO_KERNELS = squared(KERNEL);
