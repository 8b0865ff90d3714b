/** The UNet's `config.json` (diffusers 0.42 models/unets/unet_2d_condition.py). */
import { z } from 'zod';
import { RefineError } from '../../errors.js';
import { expectMultiples, fixed, ignored, readConfig, repeats } from './read-config.js';

const size = z.int().positive();
const perBlock = z.union([size, z.array(size)]);

const SHAPE = {
  in_channels: z.literal(4),
  out_channels: z.literal(4),
  block_out_channels: z.array(size).min(2).max(16),
  down_block_types: z.array(z.enum(['DownBlock2D', 'CrossAttnDownBlock2D'])),
  up_block_types: z.array(z.enum(['UpBlock2D', 'CrossAttnUpBlock2D'])),
  layers_per_block: z.union([repeats, z.array(repeats)]),
  transformer_layers_per_block: z.union([repeats, z.array(repeats)]),
  attention_head_dim: perBlock,
  cross_attention_dim: size,
  norm_num_groups: size,
  norm_eps: z.number().positive(),
  addition_time_embed_dim: size,
  projection_class_embeddings_input_dim: size,
  use_linear_projection: z.boolean().default(false),
  time_embedding_dim: size.nullish(),
  flip_sin_to_cos: z.boolean(),
  freq_shift: z.number(),
  addition_embed_type: z.literal('text_time'),
  mid_block_type: fixed('UNetMidBlock2DCrossAttn'),
  act_fn: fixed('silu'),
  attention_type: fixed('default'),
  num_attention_heads: fixed(null),
  center_input_sample: fixed(false),
  class_embed_type: fixed(null),
  class_embeddings_concat: fixed(false),
  conv_in_kernel: fixed(3),
  conv_out_kernel: fixed(3),
  cross_attention_norm: fixed(null),
  downsample_padding: fixed(1),
  dual_cross_attention: fixed(false),
  encoder_hid_dim: fixed(null),
  encoder_hid_dim_type: fixed(null),
  mid_block_only_cross_attention: fixed(null, false),
  mid_block_scale_factor: fixed(1),
  num_class_embeds: fixed(null),
  only_cross_attention: fixed(false),
  resnet_out_scale_factor: fixed(1),
  resnet_skip_time_act: fixed(false),
  resnet_time_scale_shift: fixed('default'),
  reverse_transformer_layers_per_block: fixed(null),
  time_cond_proj_dim: fixed(null),
  time_embedding_act_fn: fixed(null),
  time_embedding_type: fixed('positional'),
  timestep_post_act: fixed(null),
  /** Only read when `addition_embed_type` is `text`. */
  addition_embed_type_num_heads: ignored,
  /** Attention always has the network's precision; rows that overflow half precision run again in float32. */
  upcast_attention: ignored,
  /** Training only. */
  dropout: ignored,
  sample_size: size.nullish(),
};

/** SDXL's, and the default of models without one (diffusers 0.42.1, `default_sample_size` of StableDiffusionXLPipeline). */
const SDXL_SAMPLE_SIZE = 128;

export interface UnetBlock {
  channels: number;
  layers: number;
  heads: number;
  /** After each ResNet block; 0: the block has no attention. */
  transformerLayers: number;
}

export interface UnetConfig {
  /** In order: full resolution first. */
  downBlocks: readonly UnetBlock[];
  /** In order: lowest resolution first. */
  upBlocks: readonly UnetBlock[];
  midBlock: UnetBlock;
  /** Width of the prompt's tokens. */
  crossAttentionDim: number;
  groups: number;
  epsilon: number;
  linearProjection: boolean;
  timeEmbedDim: number;
  /** Width of the sinusoidal embedding of the timestep. */
  timestepEmbedDim: number;
  /** Width of the sinusoidal embedding of a time id. */
  timeIdEmbedDim: number;
  /** Width of the pooled text embedding and the embedded time ids together. */
  addedCondDim: number;
  /** Cosines first. */
  flipSinToCos: boolean;
  freqShift: number;
  /** Side of the latents that the model was trained on; an image's side is 8 times that. */
  sampleSize: number;
}

export const parseUnetConfig = (raw: unknown, where: string): UnetConfig => {
  const config = readConfig(SHAPE, raw, where);
  const channels = config.block_out_channels;
  const count = channels.length;
  const each = (name: string, value: number | readonly number[]): readonly number[] => {
    const list = typeof value === 'number' ? channels.map(() => value) : value;
    if (list.length === count) return list;
    throw new RefineError(
      'MODEL_CONFIG_INVALID',
      `${where}: "${name}" names ${list.length} blocks, expected ${count}.`,
    );
  };
  const layers = each('layers_per_block', config.layers_per_block);
  const depths = each('transformer_layers_per_block', config.transformer_layers_per_block);
  /* The published configurations give the number of heads under this name (diffusers issue 2011). */
  const heads = each('attention_head_dim', config.attention_head_dim);
  if (config.down_block_types.length !== count || config.up_block_types.length !== count) {
    throw new RefineError('MODEL_CONFIG_INVALID', `${where}: expected ${count} down and ${count} up block types.`);
  }
  const block = (index: number, attends: boolean, extraLayers: number): UnetBlock => ({
    channels: channels[index] ?? 0,
    layers: (layers[index] ?? 0) + extraLayers,
    heads: heads[index] ?? 0,
    transformerLayers: attends ? (depths[index] ?? 0) : 0,
  });
  const downBlocks = config.down_block_types.map((type, index) => block(index, type === 'CrossAttnDownBlock2D', 0));
  /* An up block has one layer more than its down block: one for each skip connection, with the downsampler's. */
  const upBlocks = config.up_block_types.map((type, index) =>
    block(count - 1 - index, type === 'CrossAttnUpBlock2D', 1),
  );
  const midBlock = block(count - 1, true, 0);
  expectMultiples(where, ['block_out_channels', channels], ['norm_num_groups', config.norm_num_groups]);
  for (const { channels: width, heads: number, transformerLayers } of [...downBlocks, ...upBlocks, midBlock]) {
    if (transformerLayers > 0) expectMultiples(where, ['block_out_channels', [width]], ['attention_head_dim', number]);
  }
  return {
    downBlocks,
    upBlocks,
    midBlock,
    crossAttentionDim: config.cross_attention_dim,
    groups: config.norm_num_groups,
    epsilon: config.norm_eps,
    linearProjection: config.use_linear_projection,
    timeEmbedDim: config.time_embedding_dim ?? (channels[0] ?? 0) * 4,
    timestepEmbedDim: channels[0] ?? 0,
    timeIdEmbedDim: config.addition_time_embed_dim,
    addedCondDim: config.projection_class_embeddings_input_dim,
    flipSinToCos: config.flip_sin_to_cos,
    freqShift: config.freq_shift,
    sampleSize: config.sample_size ?? SDXL_SAMPLE_SIZE,
  };
};
