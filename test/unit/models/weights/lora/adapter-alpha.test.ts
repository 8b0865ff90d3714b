import { readAlphas } from '#src/models/weights/lora/adapter-alpha.js';

const ofText = (text: string) => readAlphas(new Map([['lora_adapter_metadata', text]]), (what) => new Error(what));
const of = (config: object) => ofText(JSON.stringify(config));

it('the first pattern that matches the end of a layer name wins, else lora_alpha', () => {
  const alpha = of({
    'unet.lora_alpha': 2,
    'unet.alpha_pattern': { k: 100, to_k: 6, 'attn2.to_k': 8, down_attn1_to_q: 10, proj: 12 },
  });
  const layers = ['down_attn2_to_k', 'down_attn2_xto_k', 'down_attn1_to_q', 'proj', 'up_proj_in', 'up_k'];
  expect(layers.map((layer) => alpha('unet', layer, 2))).toEqual([50, 50, 5, 6, 1, 50]);
  expect(alpha('textEncoder', 'down_attn2_to_k', 2)).toBe(1);
});

it('rslora divides by the square root of the rank', () => {
  expect(of({ 'unet.lora_alpha': 4, 'unet.use_rslora': true })('unet', 'x', 16)).toBe(1);
});

it('the configuration is parsed once for all layers', () => {
  const patterns = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`x${at}`, 4]));
  const before = process.cpuUsage();
  const alpha = of({ 'unet.alpha_pattern': patterns });
  for (let at = 0; at < 20_000; at++) alpha('unet', `down_blocks_${at}_to_k`, 4);
  const { user, system } = process.cpuUsage(before);
  /* Each layer for itself would take minutes. */
  expect((user + system) / 1000).toBeLessThan(3000);
});

it('reads a configuration as Python writes it', () => {
  const alpha = ofText('{"unet.lora_alpha": 4, "unet.x": NaN, "unet.y": -Infinity, "unet.z": 12345678901234567890}');
  expect(alpha('unet', 'x', 8)).toBe(0.5);
});

it.each(['{"unet.lora_alpha": 4', '[4]', '', `{"unet.x": [${'1,'.repeat(100_001)}1]}`])(
  'refuses what it cannot read, once a layer needs it: %.30s',
  (text) => {
    const alpha = ofText(text);
    expect(() => alpha('unet', 'x', 8)).toThrow(/^its lora_adapter_metadata /);
  },
);
