import { adapterLayers, readAdapterKey } from '#src/models/weights/lora/adapter-names.js';

/** Keys as published files have them: kohya's (both numberings), PEFT's, and those of older versions of diffusers. */
it.each([
  [
    'lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_down.weight',
    'unet',
    'input_blocks_4_1_transformer_blocks_0_attn1_to_q',
    'down',
  ],
  ['lora_unet_down_blocks_1_resnets_0_conv1.lora_mid.weight', 'unet', 'down_blocks_1_resnets_0_conv1', 'mid'],
  ['lora_unet_mid_block_attentions_0_proj_in.alpha', 'unet', 'mid_block_attentions_0_proj_in', 'alpha'],
  [
    'lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_up.weight',
    'textEncoder',
    'text_model_encoder_layers_0_mlp_fc1',
    'up',
  ],
  [
    'lora_te2_text_model_encoder_layers_31_self_attn_k_proj.dora_scale',
    'textEncoder2',
    'text_model_encoder_layers_31_self_attn_k_proj',
    'magnitude',
  ],
  [
    'lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight',
    'onlyTextEncoder',
    'text_model_encoder_layers_0_mlp_fc1',
    'up',
  ],
  ['unet.up_blocks.0.attentions.0.proj_out.lora_A.weight', 'unet', 'up_blocks_0_attentions_0_proj_out', 'down'],
  [
    'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora.up.weight',
    'unet',
    'mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0',
    'up',
  ],
  [
    'unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight',
    'unet',
    'mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0',
    'down',
  ],
  [
    'mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.up.weight',
    'unet',
    'mid_block_attentions_0_transformer_blocks_0_attn2_to_k',
    'up',
  ],
  [
    'base_model.model.down_blocks.2.attentions.1.proj_in.lora_B.default.weight',
    'unet',
    'down_blocks_2_attentions_1_proj_in',
    'up',
  ],
  [
    'text_encoder_2.text_model.encoder.layers.3.self_attn.q_proj.lora_magnitude_vector',
    'textEncoder2',
    'text_model_encoder_layers_3_self_attn_q_proj',
    'magnitude',
  ],
  [
    'text_encoder.text_model.encoder.layers.3.self_attn.q_proj.lora_linear_layer.up.weight',
    'textEncoder',
    'text_model_encoder_layers_3_self_attn_q_proj',
    'up',
  ],
])('%s', (key, part, layer, role) => {
  expect(readAdapterKey(key)).toEqual({ part, layer, role });
});

it.each([
  'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight',
  'lora_unet_x.hada_w1_a',
  'first_stage_model.x.weight',
])('%s is not a LoRA key', (key) => {
  expect(readAdapterKey(key)).toBeNull();
});

/** SDXL's numbering: two ResNet blocks a level and a downsampler behind them, three on the way up. */
it.each([
  ['input_blocks_0_0', 'conv_in'],
  ['input_blocks_4_1_transformer_blocks_0_attn1_to_q', 'down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q'],
  [
    'input_blocks_5_1_transformer_blocks_1_ff_net_0_proj',
    'down_blocks.1.attentions.1.transformer_blocks.1.ff.net.0.proj',
  ],
  ['input_blocks_3_0_op', 'down_blocks.0.downsamplers.0.conv'],
  ['input_blocks_4_0_skip_connection', 'down_blocks.1.resnets.0.conv_shortcut'],
  ['input_blocks_8_0_in_layers_2', 'down_blocks.2.resnets.1.conv1'],
  ['middle_block_0_emb_layers_1', 'mid_block.resnets.0.time_emb_proj'],
  ['middle_block_1_proj_in', 'mid_block.attentions.0.proj_in'],
  ['middle_block_2_out_layers_3', 'mid_block.resnets.1.conv2'],
  ['output_blocks_2_2_conv', 'up_blocks.0.upsamplers.0.conv'],
  [
    'output_blocks_5_1_transformer_blocks_1_attn2_to_out_0',
    'up_blocks.1.attentions.2.transformer_blocks.1.attn2.to_out.0',
  ],
  ['time_embed_2', 'time_embedding.linear_2'],
  ['label_emb_0_0', 'add_embedding.linear_1'],
  ['out_2', 'conv_out'],
  ['down_blocks_1_attentions_0_proj_in', 'down_blocks.1.attentions.0.proj_in'],
])('%s is %s', (layer, name) => {
  const model = ['up_blocks.0.resnets.0.conv1', 'up_blocks.0.resnets.1.conv1', 'up_blocks.0.resnets.2.conv1', name];
  expect(adapterLayers(model)(layer)).toBe(name);
});

it('finds a text encoder’s layers with and without the prefix', () => {
  for (const name of ['text_model.encoder.layers.0.mlp.fc1', 'encoder.layers.0.mlp.fc1']) {
    expect(adapterLayers([name])('text_model_encoder_layers_0_mlp_fc1')).toBe(name);
  }
  expect(adapterLayers(['encoder.layers.0.mlp.fc1'])('transformer_resblocks_0_attn_in_proj')).toBeUndefined();
});
