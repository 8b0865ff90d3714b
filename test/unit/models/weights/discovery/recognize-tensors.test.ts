import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { recognizeTensors } from '#src/models/weights/discovery/recognize-tensors.js';
import type { TensorEntry } from '#src/models/weights/safetensors/safetensors-header.js';
import { goldenData } from '../../../../support/golden.js';
import { entry, errorOf, fileOf, newFolder, write } from '../build-safetensors.js';

const tensorsOf = (shapes: Record<string, number[]>): Map<string, TensorEntry> =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F16', shape, offset: 0, byteLength: 0 }]));
const published = (name: string): Record<string, number[]> =>
  JSON.parse(gunzipSync(readFileSync(goldenData('checkpoints', `${name}.json.gz`))).toString()) as Record<
    string,
    number[]
  >;
const only = (prefix: string): Record<string, number[]> =>
  Object.fromEntries(Object.entries(published('base')).filter(([name]) => name.startsWith(prefix)));

it.each(['refiner', 'base'])('recognizes the published %s', (name) => {
  expect(recognizeTensors(tensorsOf(published(name)))).toEqual({ usable: name });
});

it('recognizes a VAE', () => {
  expect(recognizeTensors(tensorsOf(only('first_stage_model.')))).toEqual({ usable: 'vae' });
});

const IN = 'model.diffusion_model.input_blocks.0.0.weight';
it.each<[what: string, shapes: Record<string, number[]>]>([
  ['an inpainting model', { ...published('base'), [IN]: [320, 9, 3, 3] }],
  ['an instruction model', { ...published('base'), [IN]: [320, 8, 3, 3] }],
  ['a LoRA', { 'lora_unet_down_blocks_1_attentions_0_proj_in.lora_down.weight': [8, 640] }],
  ['a LoRA', { 'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight': [8, 640] }],
  ['a LoRA', { 'lora_unet_input_blocks_4_1_proj_in.hada_w1_a': [640, 8] }],
  ['a textual inversion', { clip_g: [2, 1280], clip_l: [2, 768] }],
  ['a ControlNet', { 'controlnet_cond_embedding.conv_in.weight': [16, 3, 3, 3] }],
  ['a Stable Diffusion 1 checkpoint', { 'cond_stage_model.transformer.text_model.final_layer_norm.bias': [768] }],
  ['a Stable Diffusion 2 checkpoint', { 'cond_stage_model.model.ln_final.bias': [1024] }],
  ['a Stable Diffusion 3 model', { 'model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight': [4608, 1536] }],
  ['a Flux model', { 'double_blocks.0.img_attn.qkv.weight': [9216, 3072] }],
  ['EDM noise schedule', { ...published('base'), edm_mean: [1, 4, 1, 1] }],
  ['a UNet without its text encoder', only('model.diffusion_model.')],
  ['a UNet without its text encoder', { 'down_blocks.0.resnets.0.time_emb_proj.weight': [320, 1280] }],
  ['a text encoder alone', { 'text_model.embeddings.token_embedding.weight': [49408, 768] }],
  ['not a known model', { something: [1] }],
])('recognizes %s', (what, shapes) => {
  const recognized = recognizeTensors(tensorsOf(shapes));
  expect(recognized.usable).toBeNull();
  if (recognized.usable === null) {
    expect(recognized.what).toContain(what);
    expect(recognized.mend).toMatch(/\.$/);
  }
});

it('says what a file is and what to do', async () => {
  const header = { 'lora_te1_text_model.lora_up.weight': entry('F16', [1], 0, 2) };
  const file = write(newFolder(), 'style.safetensors', fileOf(header, new Uint8Array(2)));
  const { message } = await errorOf('MODEL_CONFIG_UNSUPPORTED', () => findModel(file));
  expect(message).toMatch(/style\.safetensors is a LoRA .*Give a LoRA, LoCon or DoRA as --lora/);
});

it.each([
  ['model.ckpt', /pickled: reading it can run any code.*safe_serialization=True/],
  ['model.gguf', /GGUF file: its quantized weights are not read/],
  ['model.onnx', /one network of an export\. Give the folder/],
])('%s is refused without being read', async (name, says) => {
  const file = write(newFolder(), name, 'anything');
  expect((await errorOf('MODEL_CONFIG_UNSUPPORTED', () => findModel(file))).message).toMatch(says);
});

it('a folder of checkpoints: the error lists them', async () => {
  const folder = newFolder();
  write(folder, 'sd_xl_refiner_1.0.safetensors', '');
  expect((await errorOf('MODEL_NOT_FOUND', () => findModel(folder))).message).toContain(
    'Give one of the files in it: sd_xl_refiner_1.0.safetensors.',
  );
});
