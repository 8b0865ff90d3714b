/**
 * The configurations of Stability's SDXL base 1.0 and refiner 1.0, which one-file checkpoints lack. From the
 * `config.json` files published with the same weights. Data only.
 */
type Config = Readonly<Record<string, unknown>>;

const UNET: Config = {
  in_channels: 4,
  out_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  norm_eps: 1e-5,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  use_linear_projection: true,
  flip_sin_to_cos: true,
  freq_shift: 0,
};

export const REFINER_UNET: Config = {
  ...UNET,
  block_out_channels: [384, 768, 1536, 1536],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  transformer_layers_per_block: 4,
  attention_head_dim: [6, 12, 24, 24],
  cross_attention_dim: 1280,
  projection_class_embeddings_input_dim: 2560,
};

export const BASE_UNET: Config = {
  ...UNET,
  block_out_channels: [320, 640, 1280],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  transformer_layers_per_block: [1, 2, 10],
  attention_head_dim: [5, 10, 20],
  cross_attention_dim: 2048,
  projection_class_embeddings_input_dim: 2816,
};

export const SDXL_VAE: Config = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [128, 256, 512, 512],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
  layers_per_block: 2,
  norm_num_groups: 32,
  scaling_factor: 0.13025,
};

const CLIP: Config = {
  model_type: 'clip_text_model',
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  vocab_size: 49408,
  eos_token_id: 2,
};

/** ViT-L/14 of OpenAI. */
export const CLIP_L: Config = {
  ...CLIP,
  architectures: ['CLIPTextModel'],
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  hidden_act: 'quick_gelu',
  projection_dim: 768,
};

/** ViT-bigG/14 of OpenCLIP. */
export const CLIP_BIG_G: Config = {
  ...CLIP,
  architectures: ['CLIPTextModelWithProjection'],
  hidden_size: 1280,
  intermediate_size: 5120,
  num_hidden_layers: 32,
  num_attention_heads: 20,
  hidden_act: 'gelu',
  projection_dim: 1280,
};

export const SDXL_SCHEDULER: Config = {
  _class_name: 'EulerDiscreteScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  interpolation_type: 'linear',
  steps_offset: 1,
  timestep_spacing: 'leading',
  use_karras_sigmas: false,
};
