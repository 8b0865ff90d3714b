/**
 * Cuts a refiner for tests out of the tiny one: the same text encoder and VAE, and a UNet of two levels with one layer each, of
 * tensors of the tiny UNet. Its graph has a fifth of the nodes, so that a run takes half the time. It is no golden data: no
 * reference computed with it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesIfThere, writeWhole } from './whole-file.mjs';

const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';
const CONFIG = 'unet/config.json';
const SMALLER = {
  block_out_channels: [32, 32],
  attention_head_dim: [1, 2],
  layers_per_block: 1,
  transformer_layers_per_block: 1,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
  up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D'],
};
/** Layers of the small UNet, and those of the tiny one with the same shapes. */
const LAYERS = {
  conv_in: 'conv_in',
  time_embedding: 'time_embedding',
  add_embedding: 'add_embedding',
  'down_blocks.0.resnets.0': 'down_blocks.0.resnets.0',
  'down_blocks.0.downsamplers.0': 'down_blocks.0.downsamplers.0',
  'down_blocks.1.resnets.0': 'down_blocks.1.resnets.0',
  'down_blocks.1.attentions.0': 'down_blocks.1.attentions.0',
  'mid_block.resnets.0': 'down_blocks.1.resnets.0',
  'mid_block.attentions.0': 'down_blocks.1.attentions.1',
  'mid_block.resnets.1': 'down_blocks.1.resnets.1',
  'up_blocks.0.resnets.0': 'up_blocks.1.resnets.1',
  'up_blocks.0.attentions.0': 'up_blocks.1.attentions.0',
  'up_blocks.0.resnets.1': 'up_blocks.1.resnets.2',
  'up_blocks.0.attentions.1': 'up_blocks.1.attentions.1',
  'up_blocks.0.upsamplers.0': 'up_blocks.1.upsamplers.0',
  'up_blocks.1.resnets.0': 'up_blocks.3.resnets.1',
  'up_blocks.1.resnets.1': 'up_blocks.3.resnets.2',
  conv_norm_out: 'conv_norm_out',
  conv_out: 'conv_out',
};

/** @param models the folder that has the tiny refiner and gets the small one */
export const makeSmallRefiner = (models) => {
  const [tiny, small] = ['tiny-refiner', 'small-refiner'].map((name) => join(models, name));
  const write = (name, bytes) => {
    const path = join(small, name);
    if (bytesIfThere(path)?.equals(bytes) !== true) writeWhole(path, bytes);
  };
  for (const name of readdirSync(tiny, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(tiny, name)).isFile() && !name.startsWith('unet')) write(name, readFileSync(join(tiny, name)));
  }
  const config = { ...JSON.parse(readFileSync(join(tiny, CONFIG), 'utf8')), ...SMALLER };
  write(CONFIG, Buffer.from(JSON.stringify(config, null, 2)));
  write(UNET, cutUnet(readFileSync(join(tiny, UNET))));
};

const cutUnet = (file) => {
  const start = 8 + Number(file.readBigUInt64LE(0));
  const tensors = JSON.parse(file.toString('utf8', 8, start));
  const header = {};
  const data = [];
  let end = 0;
  for (const [layer, source] of Object.entries(LAYERS)) {
    for (const [name, { data_offsets: offsets, ...tensor }] of Object.entries(tensors)) {
      if (!name.startsWith(`${source}.`) || name.includes('transformer_blocks.1.')) continue;
      const bytes = file.subarray(start + offsets[0], start + offsets[1]);
      header[layer + name.slice(source.length)] = { ...tensor, data_offsets: [end, end + bytes.length] };
      data.push(bytes);
      end += bytes.length;
    }
  }
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, ...data]);
};
