/**
 * Channels in blocks of as many as a vector register holds: the layout in which ONNX Runtime's CPU multiplies fastest, and
 * whose weights need no other before they are multiplied (domain com.microsoft.nchwc: core/graph/contrib_ops/nchwc_schema_defs.cc
 * and core/mlas/lib/snchwc.cpp at v1.30). A blocked picture is [B,C/n,H,W,n] in memory, and [B,C,H,W] by its dimensions.
 */
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';

export const NCHWC = 'com.microsoft.nchwc';

/** The largest block that there is. */
const LARGEST_BLOCK = 16;

/** Whether blocks of any size leave no channel over. */
export const fitsBlocks = (channels: readonly [number, number]): boolean =>
  channels.every((count) => count % LARGEST_BLOCK === 0);

/** @param x picture [B,C,H,W] @returns the same, blocked; once for each picture */
export const blockPicture = (graph: GraphBuilder, x: Value): Value =>
  graph.once(`blocked:${x.name}`, () => graph.node('ReorderInput', [x], { channels_last: 0 }, NCHWC));

/** The way back. */
export const unblockPicture = (graph: GraphBuilder, x: Value, channels: number): Value =>
  graph.node('ReorderOutput', [x], { channels, channels_last: 0 }, NCHWC);

export interface BlockedConvOptions {
  /** Side of the square kernel. */
  kernel: number;
  stride?: number;
  /** [top, left, bottom, right]; default: what keeps the size at stride 1. */
  pads?: readonly [number, number, number, number] | undefined;
  /** Parts of the channels that are convolved apart; default: one. */
  groups?: number;
}

/**
 * @param x [B,in,H,W], blocked
 * @param weight [out,in/groups,k,k], its numbers as `blockWeights` lays them (tensor/nchwc-weights.ts)
 * @returns [B,out,h,w], blocked
 */
export const blockedConv = (
  graph: GraphBuilder,
  { x, weight, bias }: { x: Value; weight: Value; bias: Value | null },
  { kernel, stride = 1, pads, groups = 1 }: BlockedConvOptions,
): Value => {
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
 * What `blockWeights` does to 1×1 kernels, at each run: little dearer than the cast that half precision needs anyway. Kernels
 * whose outputs are channels and whose inputs are pixels are what turning a picture takes.
 * @param weight [groups·out,in], of any dimensions @returns [groups·out,in,1,1]
 */
export const blockMatrix = (
  graph: GraphBuilder,
  weight: Value,
  [inner, outer]: readonly [number, number],
  groups = 1,
): Value =>
  graph.once(`blocked:${weight.name}`, () => {
    const rows = graph.node('Reshape', [weight, graph.integers([groups, outer, 1, inner])]);
    const blocked = graph.node('ReorderInput', [rows], { channels_last: 0 }, NCHWC);
    return graph.node('Reshape', [blocked, graph.integers([groups * outer, inner, 1, 1])]);
  });

/** The same of k×k kernels, whose taps then go before inputs. @param weight [out,in,k,k] @param block channels of one */
export const blockKernel = (
  graph: GraphBuilder,
  weight: Value,
  { channels: [inner, outer], kernel, block }: { channels: readonly [number, number]; kernel: number; block: number },
): Value => {
  const taps = kernel * kernel;
  const blocked = blockMatrix(graph, weight, [inner * taps, outer]);
  if (taps === 1) return blocked;
  return graph.once(`taps:${weight.name}`, () => {
    const parts = graph.node('Reshape', [blocked, graph.integers([outer / block, inner / block, block, taps, block])]);
    const ordered = graph.node('Transpose', [parts], { perm: [0, 1, 3, 2, 4] });
    return graph.node('Reshape', [ordered, graph.integers([outer, inner, kernel, kernel])]);
  });
};
