/** A CLIP text encoder's `config.json` (transformers models/clip/configuration_clip.py). */
import { z } from 'zod';
import { expectMultiples, fixed, ignored, readConfig, repeats } from './read-config.js';

const size = z.int().positive();

const SHAPE = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: repeats.min(2),
  num_attention_heads: size,
  hidden_act: z.enum(['gelu', 'quick_gelu']),
  layer_norm_eps: z.number().positive(),
  max_position_embeddings: size,
  vocab_size: size,
  projection_dim: size,
  eos_token_id: z.int().nonnegative(),
  architectures: z.array(z.enum(['CLIPTextModel', 'CLIPTextModelWithProjection'])).length(1),
  model_type: fixed('clip_text_model'),
  ...Object.fromEntries(
    /* Read by training, saving or generation only. */
    ['attention_dropout', 'bos_token_id', 'dropout', 'dtype', 'initializer_factor', 'initializer_range', 'pad_token_id']
      .concat([
        'torch_dtype',
        'transformers_version',
        'export_model_type',
        'output_attentions',
        'output_hidden_states',
        'return_dict',
        'use_cache',
      ])
      .map((key) => [key, ignored]),
  ),
};

export interface ClipConfig {
  width: number;
  intermediate: number;
  layers: number;
  heads: number;
  activation: 'gelu' | 'quick_gelu';
  epsilon: number;
  positions: number;
  vocabulary: number;
  /** Width of the pooled embedding; null: the encoder has no projection, and its pooled embedding is unused. */
  projection: number | null;
  endOfText: number;
}

export const parseClipConfig = (raw: unknown, where: string): ClipConfig => {
  const config = readConfig(SHAPE, raw, where);
  expectMultiples(where, ['hidden_size', [config.hidden_size]], ['num_attention_heads', config.num_attention_heads]);
  return {
    width: config.hidden_size,
    intermediate: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    activation: config.hidden_act,
    epsilon: config.layer_norm_eps,
    positions: config.max_position_embeddings,
    vocabulary: config.vocab_size,
    projection: config.architectures[0] === 'CLIPTextModelWithProjection' ? config.projection_dim : null,
    endOfText: config.eos_token_id,
  };
};
