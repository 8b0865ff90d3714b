/**
 * Maps tensor names of one-file checkpoints (Stability's generative-models, OpenCLIP 2) to those of diffusers and transformers.
 * Pure. Checked against `convert_*` in diffusers 0.42 loaders/single_file_utils.py.
 */
import type { Rename, Tensors } from './model-files.js';
import { sliceRows, type StoredTensor } from '../weight-map.js';

/** All matching rules are applied in this order. */
type Rules = readonly (readonly [from: RegExp, to: string])[];

const RESNET: Rules = [
  [/^in_layers\.0\./, 'norm1.'],
  [/^in_layers\.2\./, 'conv1.'],
  [/^emb_layers\.1\./, 'time_emb_proj.'],
  [/^out_layers\.0\./, 'norm2.'],
  [/^out_layers\.3\./, 'conv2.'],
  [/^skip_connection\./, 'conv_shortcut.'],
];

const UNET_ENDS: Rules = [
  [/^time_embed\.0\./, 'time_embedding.linear_1.'],
  [/^time_embed\.2\./, 'time_embedding.linear_2.'],
  [/^label_emb\.0\.0\./, 'add_embedding.linear_1.'],
  [/^label_emb\.0\.2\./, 'add_embedding.linear_2.'],
  [/^input_blocks\.0\.0\./, 'conv_in.'],
  [/^out\.0\./, 'conv_norm_out.'],
  [/^out\.2\./, 'conv_out.'],
];

const VAE: Rules = [
  [/\bdown\.(\d+)\.block\./, 'down_blocks.$1.resnets.'],
  [/\bdown\.(\d+)\.downsample\./, 'down_blocks.$1.downsamplers.0.'],
  [/\bup\.(\d+)\.block\./, 'up_blocks.$1.resnets.'],
  [/\bup\.(\d+)\.upsample\./, 'up_blocks.$1.upsamplers.0.'],
  [/\bnin_shortcut\./, 'conv_shortcut.'],
  [/\bmid\.block_1\./, 'mid_block.resnets.0.'],
  [/\bmid\.block_2\./, 'mid_block.resnets.1.'],
  [/\bmid\.attn_1\.norm\./, 'mid_block.attentions.0.group_norm.'],
  [/\bmid\.attn_1\.([qkv])\./, 'mid_block.attentions.0.to_$1.'],
  [/\bmid\.attn_1\.proj_out\./, 'mid_block.attentions.0.to_out.0.'],
  [/\bnorm_out\./, 'conv_norm_out.'],
];

const OPEN_CLIP: Rules = [
  [/^token_embedding\./, 'text_model.embeddings.token_embedding.'],
  [/^positional_embedding$/, 'text_model.embeddings.position_embedding.weight'],
  [/^ln_final\./, 'text_model.final_layer_norm.'],
  [/^transformer\.resblocks\./, 'text_model.encoder.layers.'],
  [/\bln_([12])\./, 'layer_norm$1.'],
  [/\bmlp\.c_fc\./, 'mlp.fc1.'],
  [/\bmlp\.c_proj\./, 'mlp.fc2.'],
  [/\battn\.out_proj\./, 'self_attn.out_proj.'],
];

const apply = (rules: Rules, name: string): string => rules.reduce((text, [from, to]) => text.replace(from, to), name);

const renameEach = (tensors: Tensors, rename: (name: string) => string): Tensors =>
  new Map(Array.from(tensors, ([name, tensor]) => [rename(name), tensor]));

/**
 * The UNet's blocks are numbered across all levels: `input_blocks.1 + level × (layers + 1) + layer`, with a level's downsampler after its
 * last layer; `output_blocks.level × (layers + 1) + layer`.
 */
export const unetNames: Rename = (tensors) => {
  let stride = Infinity;
  for (const name of tensors.keys()) {
    const place = Number(/^input_blocks\.(\d+)\.0\.op\./.exec(name)?.[1] ?? 0);
    if (place > 0) stride = Math.min(stride, place);
  }
  return renameEach(tensors, (name) => unetName(name, stride));
};

/** Maps one name of a UNet with `stride` blocks per level. */
export const unetName = (name: string, stride: number): string => {
  const [, middle, inMiddle = ''] = /^middle_block\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (middle === '1') return `mid_block.attentions.0.${inMiddle}`;
  if (middle !== undefined) return `mid_block.resnets.${Number(middle) / 2}.${apply(RESNET, inMiddle)}`;
  const [, direction, block, part, rest = ''] = /^(input|output)_blocks\.(\d+)\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (direction === undefined || name.startsWith('input_blocks.0.')) return apply(UNET_ENDS, name);
  const place = direction === 'input' ? Number(block) - 1 : Number(block);
  const at = `${direction === 'input' ? 'down' : 'up'}_blocks.${Math.floor(place / stride)}`;
  const layer = place % stride;
  if (rest.startsWith('op.')) return `${at}.downsamplers.0.conv.${rest.slice('op.'.length)}`;
  if (part === '0') return `${at}.resnets.${layer}.${apply(RESNET, rest)}`;
  return rest.startsWith('conv.') ? `${at}.upsamplers.0.${rest}` : `${at}.attentions.${layer}.${rest}`;
};

/** The VAE's attention is stored as 1×1 convolutions, and its up blocks are counted from full resolution. */
export const vaeNames: Rename = (tensors) => {
  let levels = 1;
  for (const name of tensors.keys()) levels = Math.max(levels, Number(/\bup\.(\d+)\./.exec(name)?.[1] ?? 0) + 1);
  const renamed = renameEach(tensors, (name) =>
    apply(VAE, name).replace(/\bup_blocks\.(\d+)/, (_, level: string) => `up_blocks.${levels - 1 - Number(level)}`),
  );
  return new Map(
    Array.from(renamed, ([name, tensor]) => [name, name.includes('attentions') ? asLinear(tensor) : tensor]),
  );
};

/** [out,in,1,1] to [out,in], the same bytes. */
const asLinear = <Tensor extends StoredTensor>(tensor: Tensor): Tensor =>
  tensor.shape.length === 4 ? { ...tensor, shape: tensor.shape.slice(0, 2) } : tensor;

/** OpenCLIP has queries, keys and values in one tensor. `text_projection` keeps its name because it is transposed. */
export const openClipNames: Rename = (tensors) => {
  const renamed = new Map<string, StoredTensor>();
  for (const [name, tensor] of renameEach(tensors, (key) => apply(OPEN_CLIP, key))) {
    const [, layer, kind] = /^(.+)\.attn\.in_proj_(weight|bias)$/.exec(name) ?? [];
    if (layer === undefined || kind === undefined) {
      renamed.set(name, tensor);
      continue;
    }
    const rows = Math.floor((tensor.shape[0] ?? 0) / 3);
    for (const [place, part] of ['q', 'k', 'v'].entries()) {
      renamed.set(`${layer}.self_attn.${part}_proj.${kind}`, sliceRows(tensor, place * rows, (place + 1) * rows));
    }
  }
  return renamed;
};
