/** The VAE's `config.json` (diffusers 0.42 models/autoencoders/autoencoder_kl.py). */
import { z } from 'zod';
import { expectMultiples, fixed, ignored, readConfig, repeats } from './read-config.js';

const size = z.int().positive();

const SHAPE = {
  in_channels: z.literal(3),
  out_channels: z.literal(3),
  latent_channels: z.literal(4),
  block_out_channels: z.array(size).length(4, 'only four levels (8 times smaller latents) are supported'),
  down_block_types: z.array(z.literal('DownEncoderBlock2D')),
  up_block_types: z.array(z.literal('UpDecoderBlock2D')),
  layers_per_block: repeats,
  norm_num_groups: size,
  scaling_factor: z.number().positive(),
  latents_mean: z.array(z.number()).length(4).nullish(),
  latents_std: z.array(z.number()).length(4).nullish(),
  mid_block_add_attention: z.boolean().default(true),
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  act_fn: fixed('silu'),
  shift_factor: fixed(null),
  /** Chooses a precision in diffusers; here the VAE always runs in float32. */
  force_upcast: ignored,
  /** Chooses the tile size of tiled decoding in diffusers. */
  sample_size: ignored,
};

export interface VaeConfig {
  /** Channels by level, full resolution first. */
  channels: readonly number[];
  layers: number;
  groups: number;
  midAttention: boolean;
  quantConv: boolean;
  postQuantConv: boolean;
  /** Latents are multiplied by it after encoding. */
  scalingFactor: number;
  /** Per latent channel, where the model has them (Playground 2.5). */
  latentsMean: readonly number[] | null;
  latentsStd: readonly number[] | null;
}

export const parseVaeConfig = (raw: unknown, where: string): VaeConfig => {
  const config = readConfig(SHAPE, raw, where);
  expectMultiples(where, ['block_out_channels', config.block_out_channels], ['norm_num_groups', config.norm_num_groups]);
  return {
    channels: config.block_out_channels,
    layers: config.layers_per_block,
    groups: config.norm_num_groups,
    midAttention: config.mid_block_add_attention,
    quantConv: config.use_quant_conv,
    postQuantConv: config.use_post_quant_conv,
    scalingFactor: config.scaling_factor,
    latentsMean: config.latents_mean ?? null,
    latentsStd: config.latents_std ?? null,
  };
};
