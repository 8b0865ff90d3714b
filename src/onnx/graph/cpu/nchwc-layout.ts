/**
 * The NCHWc layout: channels in blocks as large as a vector register. ONNX Runtime's CPU convolutions are fastest
 * in it, and need no other copy of their weights (domain com.microsoft.nchwc: core/graph/contrib_ops/nchwc_schema_defs.cc and
 * core/mlas/lib/snchwc.cpp at v1.30). A feature map is [B,C/block,H,W,block] in memory; its declared dimensions stay [B,C,H,W].
 */
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Named, PlainValue } from '../onnx/value.js';

export const NCHWC = 'com.microsoft.nchwc';

/** Blocks have 8 or 16 channels. */
const LARGEST_BLOCK_SIZE = 16;

/** Whether the channels fill blocks of either size. */
export const fitsNchwc = (channels: readonly [number, number]): boolean =>
  channels.every((count) => count % LARGEST_BLOCK_SIZE === 0);

/** Reorders a feature map, once for each `x`. @param x [B,C,H,W] */
export const toNchwc = (graph: GraphBuilder, x: Named): PlainValue =>
  graph.once(`nchwc:${x.name}`, () => graph.node('ReorderInput', [x], { channels_last: 0 }, NCHWC));

/** The inverse of `toNchwc`. */
export const fromNchwc = (graph: GraphBuilder, x: Named, channels: number): PlainValue =>
  graph.node('ReorderOutput', [x], { channels, channels_last: 0 }, NCHWC);

export interface NchwcConvOptions {
  /** Side of the square kernel. */
  kernel: number;
  stride?: number;
  /** [top, left, bottom, right]; default: same padding at stride 1. */
  pads?: readonly [number, number, number, number] | undefined;
  /** As in ONNX Conv; default: 1. */
  groups?: number;
}

/**
 * @param x [B,in,H,W] in the NCHWc layout
 * @param weight [out,in/groups,k,k] in `toNchwcWeights`' order (tensor/nchwc-weights.ts)
 * @returns [B,out,h,w] in the NCHWc layout
 */
export const nchwcConv = (
  graph: GraphBuilder,
  { x, weight, bias }: { x: Named; weight: Named; bias: Named | null },
  { kernel, stride = 1, pads, groups = 1 }: NchwcConvOptions,
): PlainValue => {
  const same = (kernel - 1) / 2;
  const attributes = {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: pads ?? [same, same, same, same],
    group: groups,
  };
  return graph.node('Conv', [x, weight, bias], attributes, NCHWC);
};

/**
 * `toNchwcWeights` for 1×1 kernels, at each run, by ReorderInput on a feature map whose channels are the outputs and whose
 * pixels are the inputs. It costs little more than the cast that half precision needs anyway.
 * @param weight [groups·out,in], in any dimensions @returns [groups·out,in,1,1]
 */
export const matrixToNchwc = (
  graph: GraphBuilder,
  weight: Named,
  [inChannels, outChannels]: readonly [number, number],
  groups = 1,
): PlainValue =>
  graph.once(`nchwc:${weight.name}`, () => {
    const rows = graph.node('Reshape', [weight, graph.integers([groups, outChannels, 1, inChannels])]);
    const reordered = graph.node('ReorderInput', [rows], { channels_last: 0 }, NCHWC);
    return graph.node('Reshape', [reordered, graph.integers([groups * outChannels, inChannels, 1, 1])]);
  });

/** `toNchwcWeights` for k×k kernels, at each run. @param weight [out,in,k,k] @param blockSize channels of a block */
export const kernelToNchwc = (
  graph: GraphBuilder,
  weight: Named,
  {
    channels: [inChannels, outChannels],
    kernel,
    blockSize,
  }: { channels: readonly [number, number]; kernel: number; blockSize: number },
): PlainValue => {
  const taps = kernel * kernel;
  const reordered = matrixToNchwc(graph, weight, [inChannels * taps, outChannels]);
  if (taps === 1) return reordered;
  return graph.once(`taps:${weight.name}`, () => {
    const dims = [outChannels / blockSize, inChannels / blockSize, blockSize, taps, blockSize];
    const blocks = graph.node('Reshape', [reordered, graph.integers(dims)]);
    const tapsFirst = graph.node('Transpose', [blocks], { perm: [0, 1, 3, 2, 4] });
    return graph.node('Reshape', [tapsFirst, graph.integers([outChannels, inChannels, kernel, kernel])]);
  });
};
