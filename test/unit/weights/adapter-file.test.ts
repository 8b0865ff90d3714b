import { openAdapterFile } from '#src/weights/adapter-file.js';
import { entry, errorOf, fileOf, floats, newFolder, write } from './build-safetensors.js';

const folder = newFolder();
const FOUR = floats(1, 2, 3, 4);
let count = 0;
/** Each of its tensors lies in four numbers of its own. */
const file = (tensors: Record<string, number[]>, metadata?: Record<string, string>): string => {
  const entries = Object.entries(tensors).map(([name, shape], index) => [
    name,
    entry('F32', shape, index * 16, (index + 1) * 16),
  ]);
  const header = {
    ...(metadata === undefined ? {} : { __metadata__: metadata }),
    ...(Object.fromEntries(entries) as object),
  };
  return write(folder, `${count++}.safetensors`, fileOf(header, Buffer.concat(entries.map(() => FOUR))));
};
const PEFT = { 'unet.a.lora_A.weight': [2, 2], 'unet.a.lora_B.weight': [2, 2] };
const KOHYA = { 'lora_unet_a.lora_down.weight': [4, 1], 'lora_unet_a.lora_up.weight': [1, 4] };

it('reads alpha from its tensor, of which the first number counts', async () => {
  const { layers } = await openAdapterFile(file({ ...KOHYA, 'lora_unet_a.alpha': [4] }));
  expect(layers).toMatchObject([{ part: 'unet', layer: 'a', lowRank: { scale: 1 / 4, mid: null, magnitude: null } }]);
});

it.each([
  ['nothing', {}, 1],
  ['alpha', { 'unet.lora_alpha': 8, 'unet.r': 2 }, 4],
  ['alpha, over the root of the rank', { 'unet.lora_alpha': 8, 'unet.use_rslora': true }, 8 / Math.SQRT2],
  ['an alpha of this layer', { 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'b.a': 1, a: 6 } }, 3],
  ['alpha of another part', { 'text_encoder.lora_alpha': 8 }, 1],
])('takes the scale from what PEFT writes into the file: %s', async (_, config, scale) => {
  const { layers } = await openAdapterFile(file(PEFT, { lora_adapter_metadata: JSON.stringify(config) }));
  expect(layers[0]?.lowRank.scale).toBeCloseTo(scale, 12);
});

it('passes by what is no LoRA, and says so', async () => {
  expect((await openAdapterFile(file({ ...PEFT, other: [4] }))).strangers).toEqual(['other']);
});

it.each([
  ['a LoHa', { 'lora_unet_a.hada_w1_a': [4] }, 'it is a LoHa'],
  ['a LoKr', { 'lora_unet_a.lokr_w1': [4] }, 'it is a LoKr'],
  [
    'Flux',
    { 'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight': [4] },
    'it holds no LoRA for a model of the Stable Diffusion family',
  ],
  ['half a pair', { 'unet.a.lora_A.weight': [2, 2] }, 'its layer "a" lacks up (B)'],
  ['one layer in two namings', { ...PEFT, 'lora_unet_a.lora_down.weight': [2, 2] }, 'under two names'],
  ['lengths of inputs', { ...PEFT, 'unet.a.dora_scale': [1, 4] }, 'has a length for each input'],
])('refuses %s', async (_, tensors, reason) => {
  expect((await errorOf('LORA_UNSUITABLE', () => openAdapterFile(file(tensors)))).message).toContain(reason);
});
