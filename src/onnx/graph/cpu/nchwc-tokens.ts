/**
 * Tokens in the NCHWc layout (nchwc-layout.ts): a feature map with one row of pixels, so that a linear layer is a 1×1
 * convolution. Many tokens become several chunks. Each chunk, with its features and outputs, stays in a core's cache.
 */
import { nchwcConv, NCHWC } from './nchwc-layout.js';
import type { GraphBuilder } from '../onnx/graph-builder.js';
import type { ChunkedTokens, Named, NchwcTokens, PlainValue, Value } from '../onnx/value.js';

/** Chunk lengths: shorter ones read the weights too often, longer ones exceed the cache. */
const [MIN_LENGTH, MAX_LENGTH] = [128, 512];
const LENGTHS = Array.from({ length: MAX_LENGTH - MIN_LENGTH + 1 }, (_, index) => MIN_LENGTH + index);

/** @param tokens [n,features] @returns the same tokens in the longest chunks that divide n, or in one chunk if none does */
export const splitIntoChunks = (graph: GraphBuilder, tokens: Named, features: number): ChunkedTokens => {
  const count = graph.node('Shape', [tokens], { start: 0, end: 1 });
  const [lengths, none] = [graph.integers(LENGTHS), graph.integers([0])];
  const divides = graph.node('Equal', [graph.node('Mod', [count, lengths]), none]);
  const longest = graph.node('ReduceMax', [graph.node('Where', [divides, lengths, none])]);
  const chunkLength = graph.node('Where', [graph.node('Equal', [longest, none]), count, longest]);
  return chunked(graph, tokens, { chunkLength, features });
};

/** `y` with the chunks of `x`, which has the same number of tokens. */
export const inChunksOf = (x: Value, y: Value): Value => {
  const chunkLength = chunkLengthOf(x);
  return chunkLength === null ? y : { name: y.name, layout: 'chunked tokens', chunkLength };
};

/** Once for each `x`. */
export const tokensToNchwc = (graph: GraphBuilder, x: PlainValue | ChunkedTokens, features: number): NchwcTokens => {
  const chunkLength = chunkLengthOf(x);
  const { name } = graph.once(`nchwc:${x.name}`, () => {
    const rows = graph.node('Reshape', [x, rowShape(graph, chunkLength, features)]);
    return graph.node('ReorderInput', [rows], { channels_last: 1 }, NCHWC);
  });
  return withNchwcShape(graph, { name, layout: 'nchwc tokens', features, chunkLength });
};

const rowShape = (graph: GraphBuilder, chunkLength: Named | null, features: number): Value =>
  chunkLength === null
    ? graph.integers([1, 1, -1, features])
    : graph.once(`rows:${chunkLength.name}:${features}`, () =>
        graph.concat(graph.integers([-1, 1]), chunkLength, graph.integers([features])),
      );

/** The inverse of `tokensToNchwc`. */
export const tokensFromNchwc = (
  graph: GraphBuilder,
  { name, chunkLength, features }: NchwcTokens,
): PlainValue | ChunkedTokens => {
  const tokens = graph.once(`tokens:${name}`, () => {
    const rows = graph.node('ReorderOutput', [{ name }], { channels: features, channels_last: 1 }, NCHWC);
    if (chunkLength !== null) graph.declareShape(rows, [chunkCount(chunkLength), 1, chunkLength.name, features]);
    return graph.node('Reshape', [rows, graph.integers([-1, features])]);
  });
  return chunkLength === null ? tokens : chunked(graph, tokens, { chunkLength, features });
};

/** A linear layer. @param weight [out,in,1,1] in `toNchwcWeights`' order @param bias [out] */
export const nchwcLinear = (
  graph: GraphBuilder,
  { x, weight, bias }: { x: NchwcTokens; weight: Named; bias: Named | null },
  features: number,
): NchwcTokens => {
  const { name } = nchwcConv(graph, { x, weight, bias }, { kernel: 1 });
  return withNchwcShape(graph, { ...x, name, features });
};

const chunkLengthOf = (x: Value): Named | null => (x.layout === 'plain' ? null : x.chunkLength);

/*
 * ONNX Runtime infers no dimension of a reshape to a computed size. With the declared equal dimensions it reuses buffers:
 * private memory falls by a quarter, and opening takes a third less time, most of it the search for a free buffer.
 */
const chunkCount = ({ name }: Named): string => `chunks of ${name}`;

const chunked = (
  graph: GraphBuilder,
  { name }: Named,
  { chunkLength, features }: { chunkLength: Named; features: number },
): ChunkedTokens => {
  const tokens = { name, layout: 'chunked tokens', chunkLength } as const;
  graph.declareShape(tokens, [`tokens in ${chunkLength.name}`, features]);
  return tokens;
};

/** @param y [B,S,channels] @param of the tokens that were reshaped to `y` */
export const withSequenceShape = (
  graph: GraphBuilder,
  y: PlainValue,
  { of, batch, channels }: { of: Value; batch: Named; channels: number },
): PlainValue => {
  const chunkLength = chunkLengthOf(of);
  if (chunkLength !== null)
    graph.declareShape(y, [`batch in ${batch.name}`, `sequence in ${chunkLength.name}`, channels]);
  return y;
};

const withNchwcShape = (graph: GraphBuilder, tokens: NchwcTokens): NchwcTokens => {
  const { chunkLength, features } = tokens;
  if (chunkLength !== null) graph.declareShape(tokens, [chunkCount(chunkLength), features, 1, chunkLength.name]);
  return tokens;
};
