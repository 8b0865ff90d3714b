/** A configuration value that the graph does not support is an error that names it. */
import { readFileSync } from 'node:fs';
import { parseClipConfig } from '#src/models/networks/clip-config.js';
import { parseUnetConfig } from '#src/models/networks/unet-config.js';
import { parseVaeConfig } from '#src/models/networks/vae-config.js';
import { goldenData } from '../../../support/golden.js';

const configOf = (part: string): Record<string, unknown> =>
  JSON.parse(readFileSync(goldenData('models/tiny-refiner', part, 'config.json'), 'utf8')) as Record<string, unknown>;

const parsers = { unet: parseUnetConfig, vae: parseVaeConfig, text_encoder_2: parseClipConfig };

describe.each([
  ['unet', 'act_fn', 'gelu'],
  ['unet', 'mid_block_type', 'UNetMidBlock2D'],
  ['unet', 'class_embed_type', 'timestep'],
  ['unet', 'addition_embed_type', 'text'],
  ['unet', 'resnet_time_scale_shift', 'scale_shift'],
  ['unet', 'in_channels', 9],
  ['unet', 'down_block_types', ['DownBlock2D', 'SimpleCrossAttnDownBlock2D', 'DownBlock2D', 'DownBlock2D']],
  ['unet', 'norm_num_groups', '16'],
  ['unet', 'a_new_key', true],
  ['unet', 'constructor', true],
  ['unet', 'layers_per_block', 100_000],
  ['unet', 'transformer_layers_per_block', [1, 1, 101, 1]],
  ['vae', 'layers_per_block', 101],
  ['text_encoder_2', 'num_hidden_layers', 1e9],
  ['vae', 'latent_channels', 16],
  ['vae', 'shift_factor', 0.1],
  ['vae', 'block_out_channels', [32, 32, 32]],
  ['text_encoder_2', 'hidden_act', 'relu'],
  ['text_encoder_2', 'architectures', ['T5EncoderModel']],
] as const)('%s with %s = %j', (part, key, value) => {
  it('is refused, naming the key', () => {
    const parse = (): unknown => parsers[part]({ ...configOf(part), [key]: value }, 'model/config.json');
    expect(parse).toThrow(expect.objectContaining({ code: 'MODEL_CONFIG_UNSUPPORTED', context: { key } }));
    expect(parse).toThrow(`model/config.json has "${key}"`);
  });
});

describe('a key without effect on results', () => {
  it('may be present or absent', () => {
    const config = configOf('unet');
    const plain = parseUnetConfig(config, 'unet');
    expect(parseUnetConfig({ ...config, _new: 1, later_key: null, other_key: false }, 'unet')).toEqual(plain);
    const { dropout: _dropout, ...less } = config;
    expect(parseUnetConfig(less, 'unet')).toEqual(plain);
  });
});

describe('parseUnetConfig', () => {
  it('reads the published refiner', () => {
    const refiner = {
      ...configOf('unet'),
      block_out_channels: [384, 768, 1536, 1536],
      transformer_layers_per_block: 4,
      attention_head_dim: [6, 12, 24, 24],
      cross_attention_dim: 1280,
      norm_num_groups: 32,
      addition_time_embed_dim: 256,
      projection_class_embeddings_input_dim: 2560,
    };
    const config = parseUnetConfig(refiner, 'unet');
    expect(config.timeEmbedDim).toBe(1536);
    expect(config.downBlocks.map(({ channels, transformerLayers }) => [channels, transformerLayers])).toEqual([
      [384, 0],
      [768, 4],
      [1536, 4],
      [1536, 0],
    ]);
    expect(config.upBlocks.map(({ channels, transformerLayers, layers }) => [channels, transformerLayers, layers])).toEqual([
      [1536, 0, 3],
      [1536, 4, 3],
      [768, 4, 3],
      [384, 0, 3],
    ]);
    expect(config.midBlock).toEqual({ channels: 1536, layers: 2, heads: 24, transformerLayers: 4 });
  });

  it('refuses lists of another length than the blocks', () => {
    const wrong = { ...configOf('unet'), attention_head_dim: [1, 2] };
    expect(() => parseUnetConfig(wrong, 'unet')).toThrow('"attention_head_dim" names 2 blocks, expected 4');
  });
});

it.each([
  ['unet', 'norm_num_groups', 7],
  ['unet', 'attention_head_dim', 3],
  ['vae', 'norm_num_groups', 7],
  ['text_encoder_2', 'num_attention_heads', 3],
] as const)('%s with %s = %j, which does not divide its channels, is refused', (part, key, value) => {
  const parse = (): unknown => parsers[part]({ ...configOf(part), [key]: value }, 'model/config.json');
  expect(parse).toThrow(expect.objectContaining({ code: 'MODEL_CONFIG_INVALID' }));
  expect(parse).toThrow(key);
});
