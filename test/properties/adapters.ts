/** Adapters and embeddings from outside: files of safetensors with layers by name. */
import { deepStrictEqual, ok } from 'node:assert';
import fc from 'fast-check';
import { openEmbeddings } from '#src/diffusion/pipeline/open-embeddings.js';
import type { TextEncoder } from '#src/diffusion/text/encode-prompt.js';
import { openAdapterFile } from '#src/models/weights/lora/adapter-file.js';
import { adapterLayers, readAdapterKey } from '#src/models/weights/lora/adapter-names.js';
import { matchAdapter } from '#src/models/weights/lora/match-adapter.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orRefused } from './refusals.js';
import { fileOf, withHeaderLength, type Described } from './safetensors-file.js';
import { scratch } from './scratch.js';

const UNET = 'down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k';
const LAYERS = [
  UNET,
  'down_blocks.0.attentions.0.proj_in',
  'time_embedding.linear_1',
  'up_blocks.0.resnets.1.conv1',
  'mid_block.attentions.0.proj_out',
];
const lora = (
  name: string,
  [down, up]: readonly [string, string],
  extra: readonly (readonly [string, Described])[] = [],
) =>
  [
    [`${name}${down}`, { dtype: 'F16', shape: [2, 8] }],
    [`${name}${up}`, { dtype: 'F16', shape: [8, 2] }],
    ...extra,
  ] as const;
const KOHYA = ['.lora_down.weight', '.lora_up.weight'] as const;
const PEFT = ['.lora_A.weight', '.lora_B.weight'] as const;
const kohya = `lora_unet_${UNET.replaceAll('.', '_')}`;

const adapters = mutationsOf(
  {
    kohya: () =>
      fileOf(
        lora(kohya, KOHYA, [
          [`${kohya}.alpha`, { dtype: 'F32', shape: [] }],
          [`${kohya}.dora_scale`, { dtype: 'F32', shape: [8, 1] }],
        ]),
        { ss_network_dim: '2' },
      ),
    peft: () =>
      fileOf(lora(`unet.${UNET}`, PEFT), {
        lora_adapter_metadata:
          '{"unet.lora_alpha":4,"unet.r":2,"unet.use_rslora":true,"unet.alpha_pattern":{"to_k":3}}',
      }),
    'text encoders': () =>
      fileOf([
        ...lora('lora_te1_text_model_encoder_layers_0_mlp_fc1', KOHYA),
        ...lora('text_encoder_2.text_model.encoder.layers.0.mlp.fc2', PEFT),
      ]),
  },
  [
    'lora_unet_',
    'lora_te_',
    '.alpha',
    '.lora_mid.weight',
    '.hada_w1_a',
    '"F16"',
    '"I64"',
    '"F8_E4M3"',
    '[2,8]',
    '"__metadata__":',
    ':-1,',
    '1e999',
  ],
  withHeaderLength,
);
const embeddings = mutationsOf(
  {
    both: () =>
      fileOf([
        ['clip_g', { dtype: 'F32', shape: [3, 16] }],
        ['clip_l', { dtype: 'F16', shape: [3, 8] }],
      ]),
    one: () => fileOf([['emb_params', { dtype: 'F32', shape: [2, 16] }]]),
  },
  [
    'clip_g',
    'clip_l',
    'emb_params',
    '"F64"',
    '[3,16]',
    '[0,0]',
    '"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},',
  ],
  withHeaderLength,
);
const encoder = (width: number) => ({ config: { width }, extended: {} }) as unknown as TextEncoder;
const unsuitable = ['WEIGHTS_HEADER_INVALID', 'WEIGHTS_FILE_MISSING', 'WEIGHTS_DTYPE', 'WEIGHTS_SHAPE'] as const;

export const properties = [
  property(
    'adapters: a damaged LoRA is refused in few words, or its layers are whole',
    'file',
    adapters.arbitrary,
    async (one) => {
      const path = scratch('lora.safetensors', await adapters.bytesOf(one));
      const shapes = {
        unet: new Map(LAYERS.map((name) => [name, [8, 8]])),
        textEncoder: null,
        textEncoder2: new Map([['text_model.encoder.layers.0.mlp.fc2', [8, 8]]]),
      };
      await orRefused(
        async () => {
          const adapter = await openAdapterFile(path);
          for (const { lowRank } of adapter.layers)
            ok(lowRank.down.byteLength >= 0 && typeof lowRank.scale === 'number');
          matchAdapter(adapter, shapes);
        },
        'LORA_UNSUITABLE',
        ...unsuitable,
      );
    },
  ),
  property(
    'adapters: a damaged embedding is refused in few words, or its vectors are whole',
    'file',
    embeddings.arbitrary,
    async (one) => {
      const file = scratch('embedding.safetensors', await embeddings.bytesOf(one));
      const opened = await orRefused(
        () => openEmbeddings([{ name: 'word', file }], [encoder(16)]),
        'EMBEDDING_UNSUITABLE',
        ...unsuitable,
      );
      for (const { embeddings: words } of opened?.textEncoders ?? [])
        for (const vectors of words?.values() ?? []) ok(vectors.every(({ length }) => length === 16));
    },
  ),
  property(
    'adapters: a layer is one and the same by every spelling',
    'value',
    fc.constantFrom(...LAYERS),
    (layer) => {
      const layerOf = adapterLayers(LAYERS);
      const flat = layer.replaceAll('.', '_');
      for (const name of [
        `lora_unet_${flat}.lora_down.weight`,
        `unet.${layer}.lora_A.weight`,
        `base_model.model.${layer}.lora_A.default.weight`,
        ...(layer.startsWith('time') ? [] : [`${layer}.lora.down.weight`]),
        `diffusion_model.${layer}.lora_down.weight`,
      ]) {
        const key = readAdapterKey(name);
        deepStrictEqual([key?.part, key?.role, key && layerOf(key.layer)], ['unet', 'down', layer]);
      }
    },
    20,
  ),
];
