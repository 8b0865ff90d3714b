import { MAX_INFOTEXT_CHARS } from '#src/media/metadata/limits.js';
import { hasTwoPictures, parseInfotext, readPairs } from '#src/media/metadata/programs/parse-infotext.js';
import { seeded, warned } from './build-pictures.js';
import * as texts from './infotexts.js';

const parse = (
  text: string,
): { prompt: string | undefined; negative: string | undefined; params: Record<string, string> } => {
  const { value } = warned((warn) => parseInfotext(text, warn));
  return {
    prompt: value?.prompt,
    negative: value?.negativePrompt,
    params: Object.fromEntries(value?.params ?? []),
  };
};

it('prompt, negative prompt and pairs', () => {
  expect(parse(texts.PLAIN)).toEqual({
    prompt: 'a red fox in snow',
    negative: 'blurry, lowres',
    params: {
      Steps: '30',
      Sampler: 'DPM++ 2M',
      'Schedule type': 'Karras',
      'CFG scale': '6.5',
      Seed: '123456789',
      Size: '1024x1024',
      'Model hash': '31e35c80fc',
      Model: 'sd_xl_base_1.0',
      Version: 'v1.10.1',
    },
  });
});

it('prompts of several lines, and quoted values', () => {
  const { prompt, negative, params } = parse(texts.QUOTED);
  expect(prompt).toBe('line one,\nline two <lora:foo:0.8>');
  expect(negative).toBe('bad hands,\nextra fingers');
  expect(params['Lora hashes']).toBe('foo: 0123456789ab, bar: ffff00001111');
  expect(params['Hires prompt']).toBe('a: b, "c"\nnext line');
});

it('no parameters, no negative prompt, empty values', () => {
  expect(parse(texts.BARE)).toEqual({ prompt: texts.BARE, negative: '', params: {} });
  const { prompt, negative, params } = parse(texts.EMPTY_VALUE);
  expect([prompt, negative, params['Model']]).toEqual(['portrait of a clerk', '', 'x']);
  expect(Object.keys(params)).not.toContain('Model hash');
});

it('a prompt that looks like pairs stays the prompt', () => {
  expect(parse(texts.MENU)).toEqual({ prompt: texts.MENU, negative: '', params: {} });
});

it('other scripts, and other keys', () => {
  const { prompt, negative, params } = parse(texts.REFINED);
  expect([prompt, negative]).toEqual(['山の朝, café', '低画質']);
  expect(params).toEqual({
    Steps: '20',
    Sampler: 'DDIM',
    'CFG scale': '7.5',
    Seed: '7',
    Size: '1024x768',
    'Denoising strength': '0.3',
    Refiner: 'sd_xl_refiner_1.0 [7440042bbd]',
    'Refiner switch at': '0.8',
  });
});

it('an empty prompt', () => {
  const { prompt, negative, params } = parse(texts.NO_PROMPT);
  expect([prompt, negative, params['Seed']]).toEqual(['', 'blurry', '1']);
});

it('JSON without quotes is one value', () => {
  const { negative, params } = parse(texts.WITH_JSON);
  expect(negative).toBe('');
  expect(JSON.parse(params['Hashes'] ?? '')).toEqual({ model: '31e35c80fc', vae: 'aa' });
  expect(JSON.parse(params['Civitai resources'] ?? '')).toEqual([{ type: 'checkpoint', modelVersionId: 128078 }]);
});

it('lines after the parameters do not hide them', () => {
  const { prompt, params } = parse(`${texts.PLAIN}\nTemplate: a {red|blue} fox`);
  expect([prompt, params['Steps']]).toEqual(['a red fox in snow', '30']);
});

it('"Negative prompt:" inside a line is part of the prompt', () => {
  const { prompt, negative } = parse('a sign that reads Negative prompt: none\nSteps: 9, Sampler: Euler, Seed: 4');
  expect([prompt, negative]).toEqual(['a sign that reads Negative prompt: none', '']);
});

it('lines may end as on old Macs', () => {
  expect(parse(texts.PLAIN.replaceAll('\n', '\r'))).toEqual(parse(texts.PLAIN));
});

it('a text of two pictures', () => {
  const other = texts.PLAIN.replace('fox', 'owl');
  expect(hasTwoPictures(`${texts.PLAIN}\n\n${other}`)).toBe(true);
  expect(hasTwoPictures(`${texts.PLAIN}\n${texts.PLAIN.replace('Seed: 1', 'Seed: 2')}`)).toBe(true);
  expect(hasTwoPictures(`${texts.PLAIN}\nTemplate: a {red|blue} fox`)).toBe(false);
  // One picture, written twice.
  expect(hasTwoPictures(`${texts.PLAIN}\n\n${texts.PLAIN}\n`)).toBe(false);
  expect(parse(`${texts.PLAIN}\n${texts.PLAIN}`)).toEqual(parse(texts.PLAIN));
});

it('a text that is too long is ignored', () => {
  const { value, warnings } = warned((warn) => parseInfotext('a'.repeat(MAX_INFOTEXT_CHARS + 1), warn));
  expect(value).toBeNull();
  expect(warnings).toEqual([expect.stringContaining('Ignored a text of')]);
});

/** A1111's pattern itself, with Python's \w; quoted values as Python's json reads them. */
const PATTERN = /\s*([\p{L}\p{N}_][\p{L}\p{N}_ \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/gu;
const byPattern = (line: string): [string, string][] =>
  [...line.matchAll(PATTERN)].map(([, key = '', value = '']) => {
    if (!value.startsWith('"') || !value.endsWith('"') || value === '"') return [key, value];
    try {
      return [key, String(JSON.parse(value))];
    } catch {
      return [key, value];
    }
  });

it('pairs are those that A1111 finds, over 20 000 random lines', () => {
  const below = seeded(1);
  const pieces = [
    'a',
    'Z',
    '9',
    '_',
    ' ',
    '-',
    '/',
    ':',
    ',',
    '"',
    '\\',
    'n',
    'é',
    '山',
    '.',
    '+',
    '(',
    ': ',
    ', ',
    'Steps: ',
    '"b',
    '\\"',
    '": ',
    '", ',
  ];
  for (let round = 0; round < 20_000; round++) {
    const line = Array.from({ length: below(40) }, () => pieces[below(pieces.length)])
      .join('')
      .trim();
    expect({ line, pairs: readPairs(line) }).toEqual({ line, pairs: byPattern(line) });
  }
});

it('long words, colons and open brackets take no more than moments', () => {
  /* Processor time: other programs of the machine do not add to it. */
  const start = process.cpuUsage();
  for (const piece of [
    'a',
    ':',
    'a:',
    'aa: [',
    'aa: "',
    'aa: {"',
    ' ',
    '\n',
    'Steps: 1, ',
    'Steps: \n',
    '\\"',
    'aa: "\\,',
  ]) {
    parse(piece.repeat(MAX_INFOTEXT_CHARS / piece.length));
    parse(`Steps: 1, bb: 2, cc: 3, ${piece.repeat((MAX_INFOTEXT_CHARS - 100) / piece.length)}`);
  }
  expect(process.cpuUsage(start).user / 1e3).toBeLessThan(10_000);
});
