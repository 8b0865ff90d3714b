/** The VAE as two networks (diffusers 0.42 models/autoencoders/vae.py, `Encoder` and `Decoder`). */
import type { Value } from '../../onnx/graph/onnx/value.js';
import { conv, groupNorm, tokenLinear, vaeConv } from './layers.js';
import type { LayerScope } from './layer-scope.js';
import { resnetBlock } from './resnet-block.js';
import type { VaeConfig } from './vae-config.js';

export const VAE_ENCODER = {
  /** f32 [B,3,H,W] in [-1,1]; H and W multiples of 8. */
  image: 'picture',
  /** f32 [B,8,H/8,W/8]: mean, then log-variance. */
  moments: 'moments',
} as const;

export const VAE_DECODER = {
  /** f32 [B,4,H/8,W/8], not scaled. */
  latents: 'latents',
  /** f32 [B,3,H,W], about [-1,1]. */
  image: 'picture',
} as const;

const LATENT_CHANNELS = 4;
/** Of all group norms in vae.py. */
export const EPSILON = 1e-6;
/** Padding of one row below and one column to the right only. */
export const DOWNSAMPLE = { kernel: 3, stride: 2, pads: [0, 0, 1, 1] } as const;

export const writeVaeEncoder = (root: LayerScope, config: VaeConfig): void => {
  const scope = root.at('encoder');
  const [first = 0, ...rest] = config.channels;
  let hidden = root.ops.featureMapInput(VAE_ENCODER.image, ['batch', 3, 'height', 'width']);
  hidden = conv(scope.at('conv_in'), hidden, [3, first]);
  let channels = first;
  for (const [index, outChannels] of [first, ...rest].slice(0, -1).entries()) {
    const at = scope.at('down_blocks').at(index);
    hidden = resnets(at, hidden, { inChannels: channels, outChannels, layers: config.layers }, config);
    channels = outChannels;
    hidden = conv(at.at('downsamplers.0.conv'), hidden, [channels, channels], DOWNSAMPLE);
  }
  writeEncoderLowResolution(root, hidden, config);
};

/** Writes the encoder from the lowest resolution on. */
export const writeEncoderLowResolution = (root: LayerScope, x: Value, config: VaeConfig): void => {
  const scope = root.at('encoder');
  const last = config.channels.length - 1;
  const [inChannels = 0, outChannels = 0] = config.channels.slice(-2);
  let hidden = resnets(scope.at('down_blocks').at(last), x, { inChannels, outChannels, layers: config.layers }, config);
  hidden = midBlock(scope.at('mid_block'), hidden, outChannels, config);
  const moments = outputConv(scope, hidden, { inChannels: outChannels, outChannels: 2 * LATENT_CHANNELS }, config);
  const quantized = config.quantConv ? pointwise(root.at('quant_conv'), moments, 2 * LATENT_CHANNELS) : moments;
  root.ops.featureMapOutput(quantized, VAE_ENCODER.moments, ['batch', 2 * LATENT_CHANNELS, 'latent_height', 'latent_width']);
};

export const writeVaeDecoder = (root: LayerScope, config: VaeConfig): void => {
  const scope = root.at('decoder');
  const { ops } = root;
  const [first = 0, ...rest] = [...config.channels].reverse();
  let hidden = decoderLowResolution(root, config);
  let channels = first;
  for (const [index, outChannels] of rest.entries()) {
    const previous = scope.at('up_blocks').at(index);
    hidden = vaeConv(previous.at('upsamplers.0.conv'), ops.upsample(hidden), [channels, channels]);
    const at = scope.at('up_blocks').at(index + 1);
    hidden = resnets(at, hidden, { inChannels: channels, outChannels, layers: config.layers + 1 }, config);
    channels = outChannels;
  }
  const image = outputConv(scope, hidden, { inChannels: channels, outChannels: 3 }, config);
  ops.featureMapOutput(image, VAE_DECODER.image, ['batch', 3, 'height', 'width']);
};

/** Writes the decoder up to the end of the lowest resolution. */
export const decoderLowResolution = (root: LayerScope, config: VaeConfig): Value => {
  const scope = root.at('decoder');
  const { ops } = root;
  const first = config.channels.at(-1) ?? 0;
  const latents = ops.featureMapInput(VAE_DECODER.latents, ['batch', LATENT_CHANNELS, 'latent_height', 'latent_width']);
  let hidden = config.postQuantConv ? pointwise(root.at('post_quant_conv'), latents, LATENT_CHANNELS) : latents;
  hidden = conv(scope.at('conv_in'), hidden, [LATENT_CHANNELS, first]);
  hidden = midBlock(scope.at('mid_block'), hidden, first, config);
  const size = { inChannels: first, outChannels: first, layers: config.layers + 1 };
  return resnets(scope.at('up_blocks').at(0), hidden, size, config);
};

interface Channels {
  inChannels: number;
  outChannels: number;
}

const resnets = (
  at: LayerScope,
  x: Value,
  { inChannels, outChannels, layers }: Channels & { layers: number },
  { groups }: VaeConfig,
): Value => {
  let hidden = x;
  for (let layer = 0; layer < layers; layer++) {
    const options = { inChannels: layer === 0 ? inChannels : outChannels, outChannels, groups, epsilon: EPSILON };
    hidden = resnetBlock(at.at('resnets').at(layer), hidden, options);
  }
  return hidden;
};

const midBlock = (at: LayerScope, x: Value, channels: number, config: VaeConfig): Value => {
  const options = { inChannels: channels, outChannels: channels, groups: config.groups, epsilon: EPSILON };
  const before = resnetBlock(at.at('resnets.0'), x, options);
  const attended = config.midAttention ? selfAttention(at.at('attentions.0'), before, channels, config) : before;
  return resnetBlock(at.at('resnets.1'), attended, options);
};

/** One head over all pixels. Files older than diffusers 0.18 have other names for its projections. */
const selfAttention = (at: LayerScope, x: Value, channels: number, { groups }: VaeConfig): Value => {
  const { ops } = at;
  const names = at.has('query.weight') ? ['query', 'key', 'value', 'proj_attn'] : ['to_q', 'to_k', 'to_v', 'to_out.0'];
  const [query = '', key = '', value = '', out = ''] = names;
  const project = (name: string, tokens: Value): Value => tokenLinear(at.at(name), tokens, [channels, channels]);
  const tokens = ops.toTokens(
    groupNorm(at.at('group_norm'), x, { channels, groups, epsilon: EPSILON }, false),
    channels,
  );
  const options = { channels, heads: 1, causal: false, batch: ops.batchSize(x) };
  const attended = ops.attention(project(query, tokens), project(key, tokens), project(value, tokens), options);
  return ops.add(ops.toFeatureMap(project(out, attended), x), x);
};

const outputConv = (scope: LayerScope, x: Value, { inChannels, outChannels }: Channels, { groups }: VaeConfig): Value => {
  const normalized = groupNorm(scope.at('conv_norm_out'), x, { channels: inChannels, groups, epsilon: EPSILON }, true);
  return conv(scope.at('conv_out'), normalized, [inChannels, outChannels]);
};

const pointwise = (at: LayerScope, x: Value, channels: number): Value =>
  conv(at, x, [channels, channels], { kernel: 1 });
