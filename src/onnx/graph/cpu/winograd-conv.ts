/** Winograd convolution of feature maps (winograd.ts): 3×3, stride 1, same padding. */
import { fromNchwc, toNchwc } from './nchwc-layout.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { Named, PlainValue } from '../onnx/value.js';
import { OUTPUT_TILE, TILE_ELEMENTS, winogradTiles, type WinogradLayer } from './winograd.js';

/** The whole feature map at once. @param x [B,in,H,W] @returns [B,out,H,W], equal to direct convolution up to rounding */
export const winogradConv = (graph: GraphBuilder, x: Named, layer: WinogradLayer): PlainValue => {
  const [inChannels, outChannels] = layer.channels;
  const batch = graph.node('Shape', [x], { start: 0, end: 1 });
  const size = graph.node('Shape', [x], { start: 2, end: 4 });
  const shape = graph.concat(batch, graph.integers([inChannels / layer.blockSize, -1]));
  const blocks = graph.node('Reshape', [toNchwc(graph, x), shape]);
  const tiles = winogradTiles(graph, { x: blocks, batch, size }, [1, 1, OUTPUT_TILE, OUTPUT_TILE], layer);
  const cropped = graph.node('Slice', [tiles, graph.integers([0, 0]), size, graph.integers([2, 3])]);
  const y = graph.node('Reshape', [cropped, graph.concat(batch, graph.integers([outChannels]), size)]);
  return fromNchwc(graph, y, outChannels);
};

/** Most elements of a strip's transformed tiles: more exceed the caches, fewer read the weights too often. */
const MAX_ELEMENTS = 5 * 2 ** 20;

/**
 * `winogradConv` in row strips that stay in the caches, which is faster on large feature maps. No temporary tensor is larger
 * than `x` or the output.
 */
export const winogradConvInStrips = (graph: GraphBuilder, x: Named, layer: WinogradLayer): PlainValue => {
  const { channels, blockSize } = layer;
  const [inChannels, outChannels] = channels;
  const integers = (...values: number[]): PlainValue => graph.integers(values);
  const node = (opType: string, ...inputs: Named[]): PlainValue => graph.node(opType, inputs);
  const divideUp = (value: Named, by: Named): PlainValue =>
    node('Div', node('Add', value, node('Sub', by, integers(1))), by);
  const batch = graph.node('Shape', [x], { start: 0, end: 1 });
  const height = graph.node('Shape', [x], { start: 2, end: 3 });
  const width = graph.node('Shape', [x], { start: 3, end: 4 });

  const maxTiles = Math.floor(MAX_ELEMENTS / (TILE_ELEMENTS * Math.max(...channels)));
  const tilesPerRow = node('Mul', batch, divideUp(width, integers(OUTPUT_TILE)));
  const tileRows = node('Max', node('Div', integers(maxTiles), tilesPerRow), integers(1));
  const rows = node('Mul', tileRows, integers(OUTPUT_TILE));
  const strips = graph.scan(divideUp(height, rows), [null, outChannels, null, null], (index) => {
    /* A strip needs one row above and one below: zeros beyond the feature map. A negative pad crops the other rows. */
    const first = node('Mul', index, rows);
    const above = node('Sub', integers(1), first);
    const below = node('Sub', node('Add', node('Add', first, rows), integers(1)), height);
    const input = node('Pad', x, graph.concat(integers(0, 0), above, integers(0, 0, 0), below, integers(0)));
    const blocks = node('Reshape', toNchwc(graph, input), graph.concat(batch, integers(inChannels / blockSize, -1)));
    const size = graph.concat(node('Add', rows, integers(2)), width);
    const tiles = winogradTiles(graph, { x: blocks, batch, size }, [0, 1, 0, OUTPUT_TILE], layer);
    const cropped = node('Slice', tiles, integers(0), width, integers(3));
    const shape = graph.concat(batch, integers(outChannels), rows, width);
    return fromNchwc(graph, node('Reshape', cropped, shape), outChannels);
  });
  const stripsAfterChannels = graph.node('Transpose', [strips], { perm: [1, 2, 0, 3, 4] });
  const joined = node('Reshape', stripsAfterChannels, graph.concat(batch, integers(outChannels, -1), width));
  return node('Slice', joined, integers(0), height, integers(2));
};
