import { optionFlag, parseOption, parseValue, readText } from '#src/run/manifest/rows/parse-value.js';
import type { RowKeyName } from '#src/run/manifest/rows/row-keys.js';

const codeAndMessage = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
  return 'accepted';
};

describe('parseValue', () => {
  it.each<[RowKeyName, unknown]>([
    ['strength', 0],
    ['strength', 1],
    ['steps', 1],
    ['steps', 1000],
    ['guidance_scale', 0],
    ['guidance_scale', -1.5],
    ['seed', 0],
    ['seed', -1],
    ['seed', 2 ** 53 - 1],
    ['prompt', ''],
    ['original_size', [512, 640]],
    ['crops_coords_top_left', [0, 0]],
    ['denoising_start', 0.8],
    ['fit', 'resize'],
    ['id', 'x'],
  ])('accepts %s %j', (name, value) => {
    expect(parseValue(name, value)).toEqual(value);
  });

  it.each<[RowKeyName, unknown, RegExp]>([
    ['strength', 1.5, /strength to be a number from 0 to 1, got 1\.5$/],
    ['strength', -0.1, /from 0 to 1, got -0\.1/],
    ['strength', '0.3', /got "0\.3"; write it without quotes/],
    ['strength', 'much', /got "much"$/],
    ['strength', '30%', /got "30%"; write 0\.3$/],
    ['strength', '0,3', /got "0,3"; write 0\.3$/],
    ['strength', '130%', /got "130%"$/],
    ['guidance_scale', '-7,5', /got "-7,5"; write -7\.5$/],
    ['steps', '2,5', /got "2,5"$/],
    ['strength', Infinity, /got Infinity/],
    ['steps', 0, /steps to be an integer from 1 to 1000, got 0/],
    ['steps', 2.5, /got 2\.5/],
    ['steps', 1001, /got 1001/],
    ['seed', -2, /seed to be an integer from 0 to 9007199254740991/],
    ['seed', 2 ** 53, /got 9007199254740992/],
    ['seed', true, /got true/],
    ['prompt', 7, /prompt to be text of at most 20000 characters, got 7; write it in quotes/],
    ['prompt', ['a'], /got \["a"\]/],
    ['id', '', /id to be text that is not empty/],
    ['image', '', /image to be text that is not empty/],
    ['original_size', [0, 512], /\[height, width\] in whole pixels, each at least 1, got \[0,512\]/],
    ['original_size', [512], /got \[512\]/],
    ['original_size', 512, /got 512/],
    ['crops_coords_top_left', [-1, 0], /each at least 0/],
    ['fit', 'crop', /"pad" or "resize", got "crop"/],
    ['prompt', { deep: 'x'.repeat(500) }, /^.{0,200}…/],
  ])('refuses %s %j', (name, value, message) => {
    const result = codeAndMessage(() => parseValue(name, value));
    expect(result).toMatch(/^ROW_FIELD_INVALID /);
    expect(result).toMatch(message);
  });
});

describe('readText', () => {
  it.each<[RowKeyName, string, unknown]>([
    ['steps', '50', 50],
    ['steps', ' 50.0 ', 50],
    ['strength', '.3', 0.3],
    ['strength', '3e-1', 0.3],
    ['guidance_scale', '-1', -1],
    ['original_size', '[512, 640]', [512, 640]],
    ['original_size', '512,640', [512, 640]],
    ['prompt', '50', '50'],
    ['id', ' a ', ' a '],
  ])('reads %s from %j', (name, text, value) => {
    expect(readText(name, text)).toEqual(value);
  });

  it.each<[RowKeyName, string]>([
    ['steps', '0x10'],
    ['steps', 'Infinity'],
    ['strength', '0,3'],
    ['strength', '30%'],
    ['original_size', '512x640'],
    ['original_size', '512,'],
    ['lora_weights', '[{"ink":1}]'],
    ['lora_weights', '"ink"'],
  ])('leaves %s %j as text, so that it is refused', (name, text) => {
    expect(readText(name, text)).toBe(text);
    expect(() => parseValue(name, readText(name, text))).toThrow(`got ${JSON.stringify(text)}`);
  });
});

describe('cells that are made to end the run', () => {
  it.each<[string, RowKeyName, string, string]>([
    ['deep', 'lora_weights', '['.repeat(5000) + ']'.repeat(5000), 'nests 5000 levels deep, more than 64'],
    ['wide', 'lora_weights', `[${'[],'.repeat(5_000_000)}1]`, 'has at least 200001 JSON tokens, more than 200000'],
    ['ambiguous', 'lora_weights', '{"ink":0.5,"ink":1}', 'has the key "ink" twice'],
    ['no JSON', 'lora_weights', '{ink:0.5}', 'is not JSON: '],
    ['long', 'original_size', '1,'.repeat(5_000_000), '…'],
  ])('%s: fails its row, quickly and in few words', (_what, name, text, why) => {
    const start = performance.now();
    expect(readText(name, text)).toBe(text);
    expect(codeAndMessage(() => parseValue(name, readText(name, text)))).toMatch(/^ROW_FIELD_INVALID .{0,600}$/);
    expect(() => parseValue(name, text)).toThrow(why);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('reads the longest list that a setting takes', () => {
    const sigmas = Array.from({ length: 1001 }, (_, at) => 14.6146411895752 - at / 100);
    expect(readText('sigmas', sigmas.join(', '))).toEqual(sigmas);
  });
});

describe('parseOption', () => {
  it('gives the value', () => {
    expect(parseOption('guidance_scale', '7.5')).toBe(7.5);
    expect(parseOption('prompt', '')).toBe('');
    expect(parseOption('original_size', '512,640')).toEqual([512, 640]);
  });

  it('names the option as it is typed', () => {
    expect(optionFlag('negative_aesthetic_score')).toBe('--negative-aesthetic-score');
    expect(codeAndMessage(() => parseOption('guidance_scale', 'high'))).toBe(
      'USAGE_OPTION_INVALID Expected --guidance-scale to be a number, got "high"',
    );
  });
});
