import { openAdapterFile } from '#src/models/weights/lora/adapter-file.js';
import { entry, errorOf, fileOf, floats, newFolder, write } from '../build-safetensors.js';

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

/** A LoRA of rank 4 whose alpha is these bytes. */
const withAlpha = (dtype: string, shape: number[], bytes: readonly number[], of = 'lora_unet_a'): string => {
  const header = {
    'lora_unet_a.lora_down.weight': entry('F32', [4, 1], 0, 16),
    'lora_unet_a.lora_up.weight': entry('F32', [1, 4], 16, 32),
    [`${of}.alpha`]: entry(dtype, shape, 32, 32 + bytes.length),
  };
  return write(folder, `${count++}.safetensors`, fileOf(header, Buffer.concat([FOUR, FOUR, Buffer.from(bytes)])));
};

it.each<[string, number[], number[]]>([
  ['F32', [], [0, 0, 0x40, 0x40]],
  ['F32', [1], [0, 0, 0x40, 0x40]],
  ['F32', [1, 1], [0, 0, 0x40, 0x40]],
  ['F64', [], [0, 0, 0, 0, 0, 0, 8, 0x40]],
  ['F16', [1], [0, 0x42]],
  ['BF16', [], [0x40, 0x40]],
  ['F8_E5M2', [], [0x42]],
  ['F8_E4M3', [1], [0x44]],
  ['I64', [], [3, 0, 0, 0, 0, 0, 0, 0]],
  ['U64', [1], [3, 0, 0, 0, 0, 0, 0, 0]],
  ['I32', [], [3, 0, 0, 0]],
  ['U32', [], [3, 0, 0, 0]],
  ['I16', [], [3, 0]],
  ['U16', [], [3, 0]],
  ['I8', [], [3]],
  ['U8', [1], [3]],
])('reads an alpha of 3 as %s %j', async (dtype, shape, bytes) => {
  const { layers } = await openAdapterFile(withAlpha(dtype, shape, bytes));
  expect(layers).toMatchObject([{ part: 'unet', layer: 'a', lowRank: { scale: 3 / 4, mid: null, magnitude: null } }]);
});

it('reads negative and small alphas of every dtype', async () => {
  const scaleOf = async (dtype: string, bytes: number[]): Promise<number | undefined> =>
    (await openAdapterFile(withAlpha(dtype, [], bytes))).layers[0]?.lowRank.scale;
  expect(await scaleOf('I64', Array<number>(8).fill(0xff))).toBe(-1 / 4);
  expect(await scaleOf('I8', [0xfc])).toBe(-1);
  expect(await scaleOf('F8_E4M3', [0x81])).toBe(-(2 ** -9) / 4);
  expect(await scaleOf('F8_E5M2', [0x01])).toBe(2 ** -16 / 4);
});

it.each<[string, string, number[], number[]]>([
  ['several numbers', 'I64', [2], Array<number>(16).fill(1)],
  ['none', 'F32', [0], []],
  ['no number', 'BOOL', [], [1]],
  ['NaN', 'F16', [], [0, 0x7e]],
  ['an infinite number', 'F32', [], [0, 0, 0x80, 0x7f]],
])('refuses an alpha of %s', async (_, dtype, shape, bytes) => {
  const { message } = await errorOf('LORA_UNSUITABLE', () => openAdapterFile(withAlpha(dtype, shape, bytes)));
  expect(message).toContain(
    `its "lora_unet_a.alpha" must be one finite number, and is ${dtype} [${shape.join(', ')}]`,
  );
});

it.each([
  ['nothing', {}, 1],
  ['alpha', { 'unet.lora_alpha': 8, 'unet.r': 2 }, 4],
  ['alpha, over the root of the rank', { 'unet.lora_alpha': 8, 'unet.use_rslora': true }, 8 / Math.SQRT2],
  ['an alpha of this layer', { 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'b.a': 1, a: 6 } }, 3],
  ['alpha of another part', { 'text_encoder.lora_alpha': 8 }, 1],
])('takes the scale from PEFT’s configuration in the file: %s', async (_, config, scale) => {
  const { layers } = await openAdapterFile(file(PEFT, { lora_adapter_metadata: JSON.stringify(config) }));
  expect(layers[0]?.lowRank.scale).toBeCloseTo(scale, 12);
});

it('keys of no LoRA are skipped and reported', async () => {
  expect((await openAdapterFile(file({ ...PEFT, other: [4] }))).unknownKeys).toEqual(['other']);
});

it('the alpha of a layer without matrices is skipped and reported', async () => {
  const { layers, unknownKeys } = await openAdapterFile(withAlpha('U8', [], [2], 'lora_unet_foo'));
  expect(layers).toHaveLength(1);
  expect(unknownKeys).toEqual(['lora_unet_foo.alpha']);
});

it.each([
  ['a LoHa', { 'lora_unet_a.hada_w1_a': [4] }, 'it is a LoHa'],
  ['a LoKr', { 'lora_unet_a.lokr_w1': [4] }, 'it is a LoKr'],
  [
    'Flux',
    { 'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight': [4] },
    'it has no LoRA for a model of the Stable Diffusion family',
  ],
  ['half a pair', { 'unet.a.lora_A.weight': [2, 2] }, 'its layer "a" lacks up (B)'],
  ['one layer in two namings', { ...PEFT, 'lora_unet_a.lora_down.weight': [2, 2] }, 'under two names'],
  ['lengths of inputs', { ...PEFT, 'unet.a.dora_scale': [1, 4] }, 'has a length for each input'],
])('refuses %s', async (_, tensors, reason) => {
  expect((await errorOf('LORA_UNSUITABLE', () => openAdapterFile(file(tensors)))).message).toContain(reason);
});
