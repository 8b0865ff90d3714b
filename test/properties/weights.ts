/** Files of weights from outside: headers, LoRAs, embeddings, and the names in them. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import fc from 'fast-check';
import { adapterLayers, readAdapterKey } from '#src/models/weights/lora/adapter-names.js';
import { openClipNames, unetNames, vaeNames } from '#src/models/weights/discovery/checkpoint-names.js';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { recognizeTensors } from '#src/models/weights/discovery/recognize-tensors.js';
import { parseSafetensorsHeader } from '#src/models/weights/safetensors/safetensors-header.js';
import { mergeTensors, type StoredTensor } from '#src/models/weights/weight-map.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { fileOf, withHeaderLength } from './safetensors-file.js';
import { orRefused } from './refusals.js';
import { scratch } from './scratch.js';
import { textOf } from './texts.js';

const LAYERS = [
  'down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k',
  'down_blocks.0.attentions.0.proj_in',
  'time_embedding.linear_1',
  'up_blocks.0.resnets.1.conv1',
  'mid_block.attentions.0.proj_out',
];
const headers = mutationsOf(
  {
    model: () =>
      fileOf(
        LAYERS.map((name, at) => [
          `${name}.weight`,
          { dtype: ['F32', 'F16', 'BF16', 'I64'][at % 4] ?? 'F32', shape: [at + 1, 2] },
        ]),
        { format: 'pt' },
      ),
  },
  ['"dtype":"F16"', '"shape":[', '"data_offsets":[', ',0]', 'null', '{}', '[]', '"__proto__":', '1e308', '-0', '0.5'],
  withHeaderLength,
);

const unsuitable = ['WEIGHTS_HEADER_INVALID', 'WEIGHTS_FILE_MISSING', 'WEIGHTS_DTYPE', 'WEIGHTS_SHAPE'] as const;

const PIECES = [
  'lora_unet_',
  'lora_te1_',
  'text_encoder_2.',
  'unet.',
  'base_model.model.',
  'diffusion_model.',
  'model.diffusion_model.',
  'first_stage_model.',
  'conditioner.embedders.1.model.',
  'input_blocks.',
  'output_blocks_',
  'middle_block.1.',
  'down_blocks.0.',
  'up_blocks_0_',
  'resnets.1.',
  'attentions.0.',
  'transformer_blocks.0.',
  'attn2.to_k',
  'to_out.0',
  '.to_out_lora.',
  'processor.',
  '.lora_down',
  '.lora_A',
  '.lora.up',
  '.weight',
  '.bias',
  '.alpha',
  '.dora_scale',
  '.0',
  '_1',
  'mid.attn_1.q',
  'encoder.',
  'decoder.',
  'resblocks.0.',
  'in_proj_weight',
  'text_projection',
];
const names = fc.array(textOf(PIECES, 8), { maxLength: 12 });

export const properties = [
  property(
    'weights: a damaged header is refused, or says where each byte is',
    'file',
    headers.arbitrary,
    async (one) => {
      const bytes = await headers.bytesOf(one);
      const file = await orRefused(() => openSafetensors(scratch('header.safetensors', bytes)), ...unsuitable);
      if (file === null) return;
      const ends = Array.from(file.tensors.values(), ({ offset, byteLength }) => offset + byteLength);
      strictEqual(Math.max(8 + Number(bytes.readBigUInt64LE(0)), ...ends), bytes.length);
      deepStrictEqual(
        parseSafetensorsHeader(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))), bytes.length, 'x').tensors,
        file.tensors,
      );
    },
  ),
  property('weights: names of layers, of whatever spelling, are known or nobody’s', 'text', names, (found) => {
    const layerOf = adapterLayers([...LAYERS, ...found]);
    for (const name of found) {
      const key = readAdapterKey(name);
      if (key !== null) layerOf(key.layer);
    }
    const tensors = new Map(
      found.map((name): [string, StoredTensor] => [
        name,
        { dtype: 'F32', shape: [4, 4], offset: 0, byteLength: 64, file: 'f' },
      ]),
    );
    recognizeTensors(tensors);
    for (const rename of [unetNames, vaeNames, openClipNames])
      for (const { shape } of rename(tensors).values()) ok(shape.length > 0);
  }),
  property(
    'weights: a tensor that is missing is told in few words',
    'text',
    fc.tuple(names, fc.constantFrom(...LAYERS)),
    async ([found, wanted]) => {
      const tensors = new Map(
        found.map((name) => [name, { dtype: 'F32' as const, shape: [1], offset: 0, byteLength: 4 }]),
      );
      const map = mergeTensors([{ file: 'f', fileSize: 8, headerDigest: '', metadata: new Map(), tensors }]);
      await orRefused(() => map.require(wanted, [2]), 'WEIGHTS_TENSOR_MISSING', 'WEIGHTS_SHAPE');
    },
  ),
];
