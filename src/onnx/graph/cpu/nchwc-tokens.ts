/**
 * Tokens with their features in blocks (blocked-layout.ts): as pictures of one row of pixels, so that a product is a 1×1
 * convolution. Many tokens are several such pictures, each of whose features, and what comes of them, stay in a core's cache.
 */
import { blockedConv, NCHWC } from './nchwc-layout.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';

/** Tokens [n,features]. */
export interface Tokens extends Value {
  /** How many of them are one picture, [1] int64; it divides n. Default: all. */
  readonly part?: Value | undefined;
}

/** [n/part,features,1,part], blocked. */
export interface BlockedTokens extends Tokens {
  readonly features: number;
}

/** Sizes of parts: with fewer the weights are read too often, with more the cache is too small. */
const [FEWEST, MOST] = [128, 512];
const SIZES = Array.from({ length: MOST - FEWEST + 1 }, (_, index) => FEWEST + index);

/** @param tokens [n,features] @returns the same in the largest parts that divide them, or in one where none does */
export const inParts = (graph: GraphBuilder, tokens: Value, features: number): Tokens => {
  const count = graph.node('Shape', [tokens], { start: 0, end: 1 });
  const [sizes, none] = [graph.integers(SIZES), graph.integers([0])];
  const divides = graph.node('Equal', [graph.node('Mod', [count, sizes]), none]);
  const largest = graph.node('ReduceMax', [graph.node('Where', [divides, sizes, none])]);
  const part = graph.node('Where', [graph.node('Equal', [largest, none]), count, largest]);
  return described(graph, { ...tokens, part }, features);
};

/** `y` is as many tokens as `x`, in the same parts. */
export const inPartsOf = ({ part }: Tokens, y: Value): Tokens => (part === undefined ? y : { ...y, part });

/** Once for each `x`. */
export const blockTokens = (graph: GraphBuilder, x: Tokens, features: number): BlockedTokens => {
  const blocked = graph.once(`blocked:${x.name}`, () => {
    const rows = graph.node('Reshape', [x, rowsOf(graph, x, features)]);
    return graph.node('ReorderInput', [rows], { channels_last: 1 }, NCHWC);
  });
  return describedBlocks(graph, { ...blocked, part: x.part, features });
};

const rowsOf = (graph: GraphBuilder, { part }: Tokens, features: number): Value =>
  part === undefined
    ? graph.integers([1, 1, -1, features])
    : graph.once(`rows:${part.name}:${features}`, () =>
        graph.join(graph.integers([-1, 1]), part, graph.integers([features])),
      );

/** The way back. */
export const unblockTokens = (graph: GraphBuilder, { name, part, features }: BlockedTokens): Tokens => {
  const tokens = graph.once(`tokens:${name}`, () => {
    const rows = graph.node('ReorderOutput', [{ name }], { channels: features, channels_last: 1 }, NCHWC);
    if (part !== undefined) graph.describe(rows, [partsOf(part), 1, part.name, features]);
    return graph.node('Reshape', [rows, graph.integers([-1, features])]);
  });
  return described(graph, { ...tokens, part }, features);
};

/** A linear layer. @param weight [out,in,1,1], as `blockWeights` lays it @param bias [out] */
export const blockedProduct = (
  graph: GraphBuilder,
  { x, weight, bias }: { x: BlockedTokens; weight: Value; bias: Value | null },
  features: number,
): BlockedTokens =>
  describedBlocks(graph, { ...blockedConv(graph, { x, weight, bias }, { kernel: 1 }), part: x.part, features });

/*
 * ONNX Runtime infers no dimension of what is reshaped to a size that is computed. Told that these are equal, it lets values
 * take turns in one buffer: private memory falls by a quarter and the time to open, most of which is looking for one, by a third.
 */
const partsOf = ({ name }: Value): string => `parts of ${name}`;

const described = (graph: GraphBuilder, tokens: Tokens, features: number): Tokens => {
  if (tokens.part !== undefined) graph.describe(tokens, [`tokens in ${tokens.part.name}`, features]);
  return tokens;
};

/** @param y [B,S,channels], of tokens of B pictures */
export const describedSequences = (
  graph: GraphBuilder,
  y: Value,
  { of: { part }, batch, channels }: { of: Tokens; batch: Value; channels: number },
): Value => {
  if (part !== undefined) graph.describe(y, [`pictures in ${batch.name}`, `sequence in ${part.name}`, channels]);
  return y;
};

const describedBlocks = (graph: GraphBuilder, tokens: BlockedTokens): BlockedTokens => {
  const { part, features } = tokens;
  if (part !== undefined) graph.describe(tokens, [partsOf(part), features, 1, part.name]);
  return tokens;
};
