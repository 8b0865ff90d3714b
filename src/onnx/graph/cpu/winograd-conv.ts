/** A convolution of pictures by minimal filtering (winograd.ts), 3×3, of stride 1 and padding that keeps the size. */
import { blockPicture, unblockPicture } from './nchwc-layout.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import { filterTiles, OUT, PRODUCTS, type FilteredLayer } from './winograd.js';

/** All of it at once. @param x [B,in,H,W] @returns [B,out,H,W]; equal to the sum but for rounding */
export const winogradConv = (graph: GraphBuilder, x: Value, layer: FilteredLayer): Value => {
  const [inner, outer] = layer.channels;
  const batch = graph.node('Shape', [x], { start: 0, end: 1 });
  const size = graph.node('Shape', [x], { start: 2, end: 4 });
  const shape = graph.join(batch, graph.integers([inner / layer.block, -1]));
  const blocks = graph.node('Reshape', [blockPicture(graph, x), shape]);
  const tiles = filterTiles(graph, { x: blocks, batch, size }, [1, 1, OUT, OUT], layer);
  const cut = graph.node('Slice', [tiles, graph.integers([0, 0]), size, graph.integers([2, 3])]);
  const blocked = graph.node('Reshape', [cut, graph.join(batch, graph.integers([outer]), size)]);
  return unblockPicture(graph, blocked, outer);
};

/** Most numbers that go into a band's products: with more they leave the caches, with less the weights are read too often. */
const MOST = 5 * 2 ** 20;

/**
 * The same in bands of as many rows of tiles as stay in the caches, which large pictures gain from: nothing comes to
 * be that is larger than `x` or what is returned.
 */
export const winogradBands = (graph: GraphBuilder, x: Value, layer: FilteredLayer): Value => {
  const { channels, block } = layer;
  const [inner, outer] = channels;
  const integers = (...values: number[]): Value => graph.integers(values);
  const node = (opType: string, ...inputs: Value[]): Value => graph.node(opType, inputs);
  const roundedUp = (value: Value, by: Value): Value =>
    node('Div', node('Add', value, node('Sub', by, integers(1))), by);
  const batch = graph.node('Shape', [x], { start: 0, end: 1 });
  const height = graph.node('Shape', [x], { start: 2, end: 3 });
  const width = graph.node('Shape', [x], { start: 3, end: 4 });

  const most = Math.floor(MOST / (PRODUCTS * Math.max(...channels)));
  const inRow = node('Mul', batch, roundedUp(width, integers(OUT)));
  const rows = node('Mul', node('Max', node('Div', integers(most), inRow), integers(1)), integers(OUT));
  const bands = graph.scan(roundedUp(height, rows), [null, outer, null, null], (index) => {
    /* A row more above and below: of zeros beyond the picture. What is farther is cut off, which less than none does. */
    const first = node('Mul', index, rows);
    const above = node('Sub', integers(1), first);
    const below = node('Sub', node('Add', node('Add', first, rows), integers(1)), height);
    const seen = node('Pad', x, graph.join(integers(0, 0), above, integers(0, 0, 0), below, integers(0)));
    const blocks = node('Reshape', blockPicture(graph, seen), graph.join(batch, integers(inner / block, -1)));
    const size = graph.join(node('Add', rows, integers(2)), width);
    const tiles = filterTiles(graph, { x: blocks, batch, size }, [0, 1, 0, OUT], layer);
    const cut = node('Slice', tiles, integers(0), width, integers(3));
    return unblockPicture(graph, node('Reshape', cut, graph.join(batch, integers(outer), rows, width)), outer);
  });
  const ordered = graph.node('Transpose', [bands], { perm: [1, 2, 0, 3, 4] });
  const tall = node('Reshape', ordered, graph.join(batch, integers(outer, -1), width));
  return node('Slice', tall, integers(0), height, integers(2));
};
