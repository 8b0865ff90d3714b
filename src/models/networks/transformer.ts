/**
 * The UNet's spatial transformer over pixels as tokens (diffusers 0.42 models/transformers/transformer_2d.py and
 * models/attention.py): self-attention, cross-attention to the prompt and a gated feed-forward layer.
 */
import type { Named, Value } from '../../onnx/graph/onnx/value.js';
import type { LinearRows } from '../../onnx/graph/operators/operators.js';
import { adaptLinear } from './adapt-layer.js';
import { conv, groupNorm, layerNorm, tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import type { CrossAttentionKv } from './cross-attention-cache.js';

/** The epsilon of transformer_2d.py, which ignores the UNet's `norm_eps`. */
const NORM_EPSILON = 1e-6;
const LAYER_NORM_EPSILON = 1e-5;
/** Inner width of the feed-forward layer over the tokens' width. */
const EXPANSION = 4;

export interface TransformerOptions {
  channels: number;
  transformerLayers: number;
  heads: number;
  groups: number;
  /** `proj_in` and `proj_out` are linear layers; else 1×1 convolutions. */
  linearProjection: boolean;
  crossAttentionKv: CrossAttentionKv;
  /** Batch size, [1] int64. */
  batch: Named;
}

export const transformer = (scope: LayerScope, x: Value, options: TransformerOptions): Value => {
  const { channels, groups, linearProjection } = options;
  const { ops } = scope;
  const project = (name: string, value: Value): Value =>
    linearProjection
      ? tokenLinear(scope.at(name), value, [channels, channels], { mayBeInt8: false })
      : conv(scope.at(name), value, [channels, channels], { kernel: 1 });

  const normalized = groupNorm(scope.at('norm'), x, { channels, groups, epsilon: NORM_EPSILON }, false);
  let tokens = linearProjection
    ? project('proj_in', ops.toTokens(normalized, channels))
    : ops.toTokens(project('proj_in', normalized), channels);
  for (let layer = 0; layer < options.transformerLayers; layer++) {
    tokens = transformerLayer(scope.at('transformer_blocks').at(layer), tokens, options);
  }
  const featureMap = linearProjection
    ? ops.toFeatureMap(project('proj_out', tokens), x)
    : project('proj_out', ops.toFeatureMap(tokens, x));
  return ops.add(featureMap, x);
};

const transformerLayer = (scope: LayerScope, tokens: Value, options: TransformerOptions): Value => {
  const { channels, crossAttentionKv } = options;
  const { ops } = scope;
  const norm = (name: string, x: Value): Value => layerNorm(scope.at(name), x, channels, LAYER_NORM_EPSILON);

  const selfAttended = ops.add(attention(scope.at('attn1'), norm('norm1', tokens), selfAttentionKv, options), tokens);
  const crossAttended = ops.add(
    attention(scope.at('attn2'), norm('norm2', selfAttended), crossAttentionKv, options),
    selfAttended,
  );
  return ops.add(feedForward(scope.at('ff.net'), norm('norm3', crossAttended), channels), crossAttended);
};

const unbiased = (scope: LayerScope, x: Value, channels: number): Value =>
  tokenLinear(scope, x, [channels, channels], { biased: false });

const selfAttentionKv = (scope: LayerScope, channels: number, x: Value): ReturnType<CrossAttentionKv> => ({
  key: unbiased(scope.at('to_k'), x, channels),
  value: unbiased(scope.at('to_v'), x, channels),
});

/** @param x tokens of the queries */
const attention = (
  scope: LayerScope,
  x: Value,
  kv: typeof selfAttentionKv,
  { channels, heads, batch }: TransformerOptions,
): Value => {
  const query = unbiased(scope.at('to_q'), x, channels);
  const { key, value } = kv(scope, channels, x);
  const attended = scope.ops.attention(query, key, value, { channels, heads, causal: false, batch });
  return tokenLinear(scope.at('to_out.0'), attended, [channels, channels]);
};

/** GEGLU (Shazeer 2020, arXiv:2002.05202), then a linear layer to the tokens' width. */
const feedForward = (scope: LayerScope, x: Value, channels: number): Value => {
  const inner = channels * EXPANSION;
  const rows: LinearRows = (start, end) => [
    scope.linearWeight('0.proj.weight', [2 * inner, channels], { rows: [start, end] }),
    scope.rows('0.proj.bias', [2 * inner], start, end),
  ];
  const { ops } = scope;
  const adapted = (start: number, end: number): Value => {
    const [weight, bias] = rows(start, end);
    return adaptLinear(scope.at('0.proj'), { x, y: ops.linear(x, weight, bias), bias }, [start, end]);
  };
  /* Adapters add their outputs before the gate: no device has a kernel for that. */
  const isAdapted = scope.at('0.proj').changes().length > 0;
  const gated = isAdapted
    ? ops.multiply(adapted(0, inner), ops.gelu(adapted(inner, 2 * inner)))
    : ops.gatedGelu(x, inner, rows);
  return tokenLinear(scope.at('2'), gated, [inner, channels]);
};
