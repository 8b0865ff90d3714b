/**
 * The published configurations of stabilityai/stable-diffusion-xl-refiner-1.0 and -base-1.0 (their `config.json` files): what
 * decides the shapes, and so the speed and the memory. Heads stand under `attention_head_dim`, as in the published files.
 */

export const MODEL_INDEX = {
  _class_name: 'StableDiffusionXLImg2ImgPipeline',
  force_zeros_for_empty_prompt: false,
  requires_aesthetics_score: true,
  scheduler: ['diffusers', 'EulerDiscreteScheduler'],
  text_encoder: [null, null],
  text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
  tokenizer: [null, null],
  tokenizer_2: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

export const UNET = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  attention_head_dim: [6, 12, 24, 24],
  block_out_channels: [384, 768, 1536, 1536],
  cross_attention_dim: 1280,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  projection_class_embeddings_input_dim: 2560,
  sample_size: 128,
  transformer_layers_per_block: 4,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  use_linear_projection: true,
};

export const TEXT_ENCODER = {
  architectures: ['CLIPTextModelWithProjection'],
  bos_token_id: 0,
  eos_token_id: 2,
  hidden_act: 'gelu',
  hidden_size: 1280,
  intermediate_size: 5120,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  num_attention_heads: 20,
  num_hidden_layers: 32,
  pad_token_id: 1,
  projection_dim: 1280,
  vocab_size: 49408,
};

export const VAE = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill('DownEncoderBlock2D'),
  force_upcast: true,
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 1024,
  scaling_factor: 0.13025,
  up_block_types: Array(4).fill('UpDecoderBlock2D'),
};

export const SCHEDULER = {
  _class_name: 'EulerDiscreteScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  interpolation_type: 'linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  steps_offset: 1,
  timestep_spacing: 'leading',
  use_karras_sigmas: false,
};

/** Of the base model; VAE and scheduler are the refiner's, and so is the second text encoder. */
export const BASE_MODEL_INDEX = {
  _class_name: 'StableDiffusionXLPipeline',
  force_zeros_for_empty_prompt: true,
  scheduler: ['diffusers', 'EulerDiscreteScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  tokenizer_2: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

export const BASE_UNET = {
  ...UNET,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  cross_attention_dim: 2048,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  projection_class_embeddings_input_dim: 2816,
  transformer_layers_per_block: [1, 2, 10],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
};

export const BASE_TEXT_ENCODER = {
  ...TEXT_ENCODER,
  architectures: ['CLIPTextModel'],
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  projection_dim: 768,
};

/** Numbers in each part of the published files; another count is another network. */
const SHARED = { text_encoder_2: 694_659_840, vae: 83_653_863 };
export const PARAMETERS = { ...SHARED, unet: 2_259_526_660 };
export const BASE_PARAMETERS = { ...SHARED, unet: 2_567_463_684, text_encoder: 123_060_480 };
