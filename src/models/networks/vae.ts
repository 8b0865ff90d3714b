/** The autoencoder, as two networks (diffusers 0.42 models/autoencoders/vae.py, `Encoder` and `Decoder`). */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import { conv, groupNorm, largeConv, tokenLinear } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import { resnetBlock } from './resnet-block.js';
import type { VaeConfig } from './vae-config.js';

export const VAE_ENCODER = {
  /** f32 [B,3,H,W] in [-1,1]; H and W multiples of 8. */
  picture: 'picture',
  /** f32 [B,8,H/8,W/8]: mean, then log-variance. */
  moments: 'moments',
} as const;

export const VAE_DECODER = {
  /** f32 [B,4,H/8,W/8], not scaled. */
  latents: 'latents',
  /** f32 [B,3,H,W], about [-1,1]. */
  picture: 'picture',
} as const;

const LATENT_CHANNELS = 4;
/** vae.py norms have their own epsilon. */
export const EPSILON = 1e-6;
/** One row and column more below and to the right, and none above and to the left. */
export const HALVING = { kernel: 3, stride: 2, pads: [0, 0, 1, 1] } as const;

export const writeVaeEncoder = (root: LayerScope, config: VaeConfig): void => {
  const scope = root.at('encoder');
  const [first = 0, ...rest] = config.channels;
  let hidden = root.ops.pictureIn(VAE_ENCODER.picture, ['batch', 3, 'height', 'width']);
  hidden = conv(scope.at('conv_in'), hidden, [3, first]);
  let channels = first;
  for (const [index, outer] of [first, ...rest].slice(0, -1).entries()) {
    const at = scope.at('down_blocks').at(index);
    hidden = level(at, hidden, { inner: channels, outer, layers: config.layers }, config);
    channels = outer;
    hidden = conv(at.at('downsamplers.0.conv'), hidden, [channels, channels], HALVING);
  }
  writeEncoderEnd(root, hidden, config);
};

/** The encoder from its coarsest level on. */
export const writeEncoderEnd = (root: LayerScope, x: Value, config: VaeConfig): void => {
  const scope = root.at('encoder');
  const last = config.channels.length - 1;
  const [inner = 0, outer = 0] = config.channels.slice(-2);
  let hidden = level(scope.at('down_blocks').at(last), x, { inner, outer, layers: config.layers }, config);
  hidden = middle(scope.at('mid_block'), hidden, outer, config);
  const moments = outOf(scope, hidden, { inner: outer, outer: 2 * LATENT_CHANNELS }, config);
  const quantized = config.quantConv ? pointwise(root.at('quant_conv'), moments, 2 * LATENT_CHANNELS) : moments;
  root.ops.pictureOut(quantized, VAE_ENCODER.moments, ['batch', 2 * LATENT_CHANNELS, 'latent_height', 'latent_width']);
};

export const writeVaeDecoder = (root: LayerScope, config: VaeConfig): void => {
  const scope = root.at('decoder');
  const { ops } = root;
  const [first = 0, ...rest] = [...config.channels].reverse();
  let hidden = decoderStart(root, config);
  let channels = first;
  for (const [index, outer] of rest.entries()) {
    const before = scope.at('up_blocks').at(index);
    hidden = largeConv(before.at('upsamplers.0.conv'), ops.upsample(hidden), [channels, channels]);
    const at = scope.at('up_blocks').at(index + 1);
    hidden = level(at, hidden, { inner: channels, outer, layers: config.layers + 1 }, config);
    channels = outer;
  }
  const picture = outOf(scope, hidden, { inner: channels, outer: 3 }, config);
  ops.pictureOut(picture, VAE_DECODER.picture, ['batch', 3, 'height', 'width']);
};

/** The decoder up to the end of its coarsest level. */
export const decoderStart = (root: LayerScope, config: VaeConfig): Value => {
  const scope = root.at('decoder');
  const { ops } = root;
  const first = config.channels.at(-1) ?? 0;
  const latents = ops.pictureIn(VAE_DECODER.latents, ['batch', LATENT_CHANNELS, 'latent_height', 'latent_width']);
  let hidden = config.postQuantConv ? pointwise(root.at('post_quant_conv'), latents, LATENT_CHANNELS) : latents;
  hidden = conv(scope.at('conv_in'), hidden, [LATENT_CHANNELS, first]);
  hidden = middle(scope.at('mid_block'), hidden, first, config);
  const size = { inner: first, outer: first, layers: config.layers + 1 };
  return level(scope.at('up_blocks').at(0), hidden, size, config);
};

interface Channels {
  inner: number;
  outer: number;
}

const level = (
  at: LayerScope,
  x: Value,
  { inner, outer, layers }: Channels & { layers: number },
  { groups }: VaeConfig,
): Value => {
  let hidden = x;
  for (let layer = 0; layer < layers; layer++) {
    const options = { inner: layer === 0 ? inner : outer, outer, groups, epsilon: EPSILON };
    hidden = resnetBlock(at.at('resnets').at(layer), hidden, options);
  }
  return hidden;
};

const middle = (at: LayerScope, x: Value, channels: number, config: VaeConfig): Value => {
  const options = { inner: channels, outer: channels, groups: config.groups, epsilon: EPSILON };
  const before = resnetBlock(at.at('resnets.0'), x, options);
  const attended = config.midAttention ? selfAttention(at.at('attentions.0'), before, channels, config) : before;
  return resnetBlock(at.at('resnets.1'), attended, options);
};

/** One head over all pixels. Files older than diffusers 0.18 name its projections otherwise. */
const selfAttention = (at: LayerScope, x: Value, channels: number, { groups }: VaeConfig): Value => {
  const { ops } = at;
  const names = at.has('query.weight') ? ['query', 'key', 'value', 'proj_attn'] : ['to_q', 'to_k', 'to_v', 'to_out.0'];
  const [query = '', key = '', value = '', out = ''] = names;
  const project = (name: string, tokens: Value): Value => tokenLinear(at.at(name), tokens, [channels, channels]);
  const tokens = ops.toTokens(
    groupNorm(at.at('group_norm'), x, { channels, groups, epsilon: EPSILON }, false),
    channels,
  );
  const options = { channels, heads: 1, causal: false, batch: ops.batchOf(x) };
  const attended = ops.attention(project(query, tokens), project(key, tokens), project(value, tokens), options);
  return ops.add(ops.toPicture(project(out, attended), x), x);
};

const outOf = (scope: LayerScope, x: Value, { inner, outer }: Channels, { groups }: VaeConfig): Value => {
  const normal = groupNorm(scope.at('conv_norm_out'), x, { channels: inner, groups, epsilon: EPSILON }, true);
  return conv(scope.at('conv_out'), normal, [inner, outer]);
};

const pointwise = (at: LayerScope, x: Value, channels: number): Value =>
  conv(at, x, [channels, channels], { kernel: 1 });
