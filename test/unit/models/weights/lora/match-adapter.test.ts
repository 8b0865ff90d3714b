import type { AdapterFile, LowRank } from '#src/models/weights/lora/adapter-file.js';
import type { AdapterPart } from '#src/models/weights/lora/adapter-names.js';
import { matchAdapter, type PartShapes } from '#src/models/weights/lora/match-adapter.js';
import type { Weight } from '#src/models/weights/weight-map.js';
import { errorOf } from '../build-safetensors.js';

const QUERY = 'attentions.0.transformer_blocks.0.attn1.to_q';
const KEY = 'attentions.0.transformer_blocks.0.attn2.to_k';
const FC1 = 'text_model.encoder.layers.0.mlp.fc1';
const RESNETS = {
  'up_blocks.0.resnets.0.conv1': [640, 640, 3, 3],
  'up_blocks.0.resnets.1.conv1': [640, 640, 3, 3],
  'up_blocks.0.resnets.2.conv1': [640, 640, 3, 3],
};
const shapes = (own: Record<string, number[]>): ReadonlyMap<string, readonly number[]> => new Map(Object.entries(own));

/** Some of the layers of SDXL 1.0, with their shapes. */
const base: PartShapes = {
  unet: shapes({ ...RESNETS, [`down_blocks.1.${QUERY}`]: [640, 640], [`down_blocks.1.${KEY}`]: [640, 2048] }),
  textEncoder: shapes({ [FC1]: [3072, 768] }),
  textEncoder2: shapes({ [FC1]: [5120, 1280] }),
};
const refiner: PartShapes = {
  unet: shapes({ ...RESNETS, [`down_blocks.1.${QUERY}`]: [768, 768], [`down_blocks.1.${KEY}`]: [768, 1280] }),
  textEncoder: null,
  textEncoder2: shapes({ [FC1]: [5120, 1280] }),
};

const weight = (...shape: number[]): Weight => ({ dtype: 'F16', shape, offset: 0, byteLength: 0, file: '/lora' });
const lowRank = (outer: number, inner: number): LowRank => ({
  down: weight(4, inner),
  mid: null,
  up: weight(outer, 4),
  scale: 1,
  magnitude: null,
});
const fileOf = (...layers: [AdapterPart, string, LowRank][]): AdapterFile => ({
  file: 'ink.safetensors',
  layers: layers.map(([part, layer, change]) => ({ part, layer: layer.replaceAll('.', '_'), lowRank: change })),
  unknownKeys: [],
});

const forBase = fileOf(
  ['unet', `input_blocks.4.1.${QUERY.replace('attentions.0.', '')}`, lowRank(640, 640)],
  ['unet', `input_blocks.4.1.${KEY.replace('attentions.0.', '')}`, lowRank(640, 2048)],
  ['textEncoder', FC1, lowRank(3072, 768)],
);
const forRefiner = fileOf(
  ['unet', `down_blocks.1.${QUERY}`, lowRank(768, 768)],
  ['unet', `down_blocks.1.${KEY}`, lowRank(768, 1280)],
  ['onlyTextEncoder', FC1, lowRank(5120, 1280)],
);
const forSd1 = fileOf(
  ['unet', `down_blocks.1.${QUERY}`, lowRank(640, 640)],
  ['unet', `down_blocks.1.${KEY}`, lowRank(640, 768)],
  ['onlyTextEncoder', FC1, lowRank(3072, 768)],
);

it('finds the layers of its own model', () => {
  const matched = matchAdapter(forBase, base);
  expect(matched.unknown).toEqual([]);
  expect([...matched.parts.unet.keys()]).toEqual([`down_blocks.1.${QUERY}`, `down_blocks.1.${KEY}`]);
  expect([...matched.parts.textEncoder.keys()]).toEqual([FC1]);
  expect([...matchAdapter(forRefiner, refiner).parts.textEncoder2.keys()]).toEqual([FC1]);
});

it.each([
  [
    'a base model’s on the refiner',
    forBase,
    refiner,
    "it was made for SDXL's base model, not for SDXL's refiner (its prompts have 2048 numbers a token, this model's 1280)",
  ],
  ['the refiner’s on a base model', forRefiner, base, "it was made for SDXL's refiner, not for SDXL's base model"],
  [
    'Stable Diffusion 1’s on a base model',
    forSd1,
    base,
    "it was made for Stable Diffusion 1, not for SDXL's base model",
  ],
  [
    'Stable Diffusion 1’s on the refiner',
    forSd1,
    refiner,
    "it was made for Stable Diffusion 1, not for SDXL's refiner",
  ],
  [
    'a first text encoder’s on the refiner',
    fileOf(['textEncoder', FC1, lowRank(3072, 768)]),
    refiner,
    "it changes a first text encoder, as SDXL's base model has one",
  ],
  [
    'an only text encoder’s on a base model',
    fileOf(['onlyTextEncoder', FC1, lowRank(3072, 768)]),
    base,
    'it was made for a model with one text encoder',
  ],
  [
    'other widths',
    fileOf(['unet', `down_blocks.1.${QUERY}`, lowRank(320, 320)]),
    base,
    `its matrices for down_blocks.1.${QUERY}, [320, 4] and [4, 320], do not make [640, 640]`,
  ],
  [
    'other layers',
    fileOf(['unet', 'down_blocks.9.proj_in', lowRank(320, 320)]),
    base,
    'most of its layers, such as "down_blocks_9_proj_in", are not in this model',
  ],
])('refuses %s', async (_, file, model, reason) => {
  const error = await errorOf('LORA_UNSUITABLE', () => matchAdapter(file, model));
  expect(error.message).toContain(reason);
  expect(error.message).toContain('Give a LoRA for this model, or the model that it was made for.');
});

it('reports the few layers that the model does not have', () => {
  const { layers, file } = forBase;
  const more = fileOf(['unet', 'down_blocks.1.attentions.0.transformer_blocks.0.attn3.to_q', lowRank(640, 640)]);
  const matched = matchAdapter({ file, layers: [...layers, ...more.layers], unknownKeys: ['iteration'] }, base);
  expect(matched.unknown).toEqual(['iteration', 'down_blocks_1_attentions_0_transformer_blocks_0_attn3_to_q']);
});

it('trailing sides of 1 do not matter', () => {
  const pointwise: LowRank = { ...lowRank(640, 640), down: weight(4, 640, 1, 1), up: weight(640, 4, 1, 1) };
  const matched = matchAdapter(fileOf(['unet', `down_blocks.1.${QUERY}`, pointwise]), base);
  expect(matched.parts.unet.get(`down_blocks.1.${QUERY}`)).toMatchObject({
    down: { shape: [4, 640] },
    up: { shape: [640, 4] },
  });
});

it.each([
  ['a kernel of another size', { ...lowRank(640, 640), down: weight(4, 640, 1, 1), up: weight(640, 4, 1, 1) }],
  ['ranks that differ', { ...lowRank(640, 640), down: weight(4, 640, 3, 3), up: weight(640, 8, 1, 1) }],
  [
    'lengths of fewer outputs',
    { ...lowRank(640, 640), down: weight(4, 640, 3, 3), up: weight(640, 4, 1, 1), magnitude: weight(320, 1, 1, 1) },
  ],
])('refuses %s', async (_, change) => {
  const file = fileOf(['unet', 'up_blocks.0.resnets.0.conv1', change]);
  expect((await errorOf('LORA_UNSUITABLE', () => matchAdapter(file, base))).message).toContain(
    'do not make [640, 640, 3, 3]',
  );
});

it('refuses a layer that has two names', () => {
  const twice = fileOf(
    ['unet', `input_blocks.4.1.${QUERY.replace('attentions.0.', '')}`, lowRank(640, 640)],
    ['unet', `down_blocks.1.${QUERY}`, lowRank(640, 640)],
  );
  const message = expect.stringContaining(`changes the layer "down_blocks.1.${QUERY}" twice, under two names`);
  expect(() => matchAdapter(twice, base)).toThrow(expect.objectContaining({ code: 'LORA_UNSUITABLE', message }));
});
