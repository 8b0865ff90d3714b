/**
 * The UNet's spatial transformer (diffusers 0.42 models/transformers/transformer_2d.py and models/attention.py):
 * self-attention, attention to the prompt and a gated feed-forward layer, over the pixels as tokens.
 */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import type { LinearRows } from '../../onnx/graph/operators/operators.js';
import { adaptLinear } from './adapt-layer.js';
import { conv, groupNorm, layerNorm, tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import type { PromptKeys } from './cross-attention-cache.js';

/** transformer_2d.py normalizes with its own epsilon, whatever the UNet's `norm_eps`. */
const NORM_EPSILON = 1e-6;
const LAYER_NORM_EPSILON = 1e-5;
/** Inner width of the feed-forward layer over its outer width. */
const EXPANSION = 4;

export interface TransformerOptions {
  channels: number;
  depth: number;
  heads: number;
  groups: number;
  /** The projections around the transformer are linear layers; else 1×1 convolutions. */
  linearProjection: boolean;
  promptKeys: PromptKeys;
  /** Batch size, [1] int64. */
  batch: Value;
}

export const transformer = (scope: LayerScope, x: Value, options: TransformerOptions): Value => {
  const { channels, groups, linearProjection } = options;
  const { ops } = scope;
  const project = (name: string, value: Value): Value =>
    linearProjection
      ? tokenLinear(scope.at(name), value, [channels, channels], { ofPixels: false })
      : conv(scope.at(name), value, [channels, channels], { kernel: 1 });

  const normal = groupNorm(scope.at('norm'), x, { channels, groups, epsilon: NORM_EPSILON }, false);
  let tokens = linearProjection
    ? project('proj_in', ops.toTokens(normal, channels))
    : ops.toTokens(project('proj_in', normal), channels);
  for (let layer = 0; layer < options.depth; layer++) {
    tokens = transformerLayer(scope.at('transformer_blocks').at(layer), tokens, options);
  }
  const picture = linearProjection
    ? ops.toPicture(project('proj_out', tokens), x)
    : project('proj_out', ops.toPicture(tokens, x));
  return ops.add(picture, x);
};

const transformerLayer = (scope: LayerScope, tokens: Value, options: TransformerOptions): Value => {
  const { channels, promptKeys } = options;
  const { ops } = scope;
  const normal = (name: string, x: Value): Value => layerNorm(scope.at(name), x, channels, LAYER_NORM_EPSILON);

  const looked = ops.add(attention(scope.at('attn1'), normal('norm1', tokens), ownKeys, options), tokens);
  const told = ops.add(attention(scope.at('attn2'), normal('norm2', looked), promptKeys, options), looked);
  return ops.add(feedForward(scope.at('ff.net'), normal('norm3', told), channels), told);
};

const unbiased = (scope: LayerScope, x: Value, channels: number): Value =>
  tokenLinear(scope, x, [channels, channels], { biased: false });

/** Keys and values of self-attention. */
const ownKeys = (scope: LayerScope, channels: number, x: Value): ReturnType<PromptKeys> => ({
  key: unbiased(scope.at('to_k'), x, channels),
  value: unbiased(scope.at('to_v'), x, channels),
});

/** @param x what asks */
const attention = (
  scope: LayerScope,
  x: Value,
  keys: typeof ownKeys,
  { channels, heads, batch }: TransformerOptions,
): Value => {
  const query = unbiased(scope.at('to_q'), x, channels);
  const { key, value } = keys(scope, channels, x);
  const attended = scope.ops.attention(query, key, value, { channels, heads, causal: false, batch });
  return tokenLinear(scope.at('to_out.0'), attended, [channels, channels]);
};

/** GEGLU (Shazeer 2020, arXiv:2002.05202), and back to the width of the tokens. */
const feedForward = (scope: LayerScope, x: Value, channels: number): Value => {
  const inner = channels * EXPANSION;
  const rows: LinearRows = (start, end) => [
    scope.matrix('0.proj.weight', [2 * inner, channels], { rows: [start, end] }),
    scope.rows('0.proj.bias', [2 * inner], start, end),
  ];
  const { ops } = scope;
  const part = (start: number, end: number): Value => {
    const [weight, bias] = rows(start, end);
    return adaptLinear(scope.at('0.proj'), { x, y: ops.linear(x, weight, bias), bias }, [start, end]);
  };
  /* What adapters add is added before the gate: no device does that in one kernel. */
  const isAdapted = scope.at('0.proj').changes().length > 0;
  const gated = isAdapted
    ? ops.multiply(part(0, inner), ops.gelu(part(inner, 2 * inner)))
    : ops.gatedGelu(x, inner, rows);
  return tokenLinear(scope.at('2'), gated, [inner, channels]);
};
