/** What programs write in other versions and schemes than their usual ones, with invented contents. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { mapSampler } from '#src/media/metadata/map-sampler.js';
import { syntaxOf } from '#src/media/metadata/prompt-syntax.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { exifComment, jpeg, pngWith, unicode, webp } from './build-pictures.js';

const read = (texts: Record<string, string>): GenerationMetadata => readGenerationMetadata(pngWith(texts))!;

describe("Fooocus's A1111 scheme", () => {
  const text = (prompts: string, keys: string): string =>
    `${prompts}\nSteps: 30, Sampler: dpmpp_3m_sde_gpu, Seed: 5, Size: 1152x896, CFG scale: 4.0, Scheduler: karras, ${keys}, Version: Fooocus v2.5.5`;

  it('the prompts that were typed, not the styled ones', () => {
    const styled = 'cinematic still a lamp . moody\nNegative prompt: anime, smoke';
    expect(read({ parameters: text(styled, 'Raw prompt: a lamp, Raw negative prompt: smoke') })).toMatchObject({
      program: 'fooocus',
      prompt: 'a lamp',
      negativePrompt: 'smoke',
    });
    const quoted = 'Raw prompt: "a lamp, lit\\non a shelf", Raw negative prompt: ';
    expect(read({ parameters: text(styled, quoted) })).toMatchObject({
      prompt: 'a lamp, lit\non a shelf',
      negativePrompt: '',
    });
    // Before 2.2 they were not written.
    expect(read({ parameters: text('a lamp\nNegative prompt: smoke', 'Sharpness: 2') })).toMatchObject({
      prompt: 'a lamp',
      negativePrompt: 'smoke',
    });
  });

  it.each([
    ['karras', 'DPM++ 3M SDE Karras'],
    ['sgm_uniform', 'DPM++ 3M SDE SGM Uniform'],
    ['exponential', 'DPM++ 3M SDE Exponential'],
    ['simple', 'DPM++ 3M SDE Simple'],
  ])('Scheduler: %s', (scheduler, name) => {
    expect(mapSampler(read({ parameters: text('a', 'x: y').replace('karras', scheduler) }))).toBe(name);
  });
});

describe('SD.Next', () => {
  const text = (version: string, keys = ''): string =>
    `a boat\nNegative prompt: \nSteps: 20, Size: 64x64, Sampler: DPM++ 2M, Seed: 7, CFG scale: 6.0, App: SD.Next, Version: ${version}, Pipeline: StableDiffusionXLPipeline${keys}`;

  it('no git hash is a version of Forge', () => {
    const hashes = ['82973c4', 'f7a19c2', 'f0.1', 'v1.10.1'].map((hash) => read({ parameters: text(hash) }));
    for (const facts of hashes) expect(facts).toMatchObject({ program: 'sdnext', prompt: 'a boat', seed: 7 });
    for (const facts of hashes) expect(facts).not.toHaveProperty('noise');
    const withoutApp = read({ parameters: text('f7a19c2').replace('App: SD.Next, ', '') });
    expect(withoutApp).not.toHaveProperty('noise');
  });

  it('its own keys', () => {
    const facts = read({
      parameters: text('82973c4', ', Variation seed: 3, Variation strength: 0.2, Sampler sigma: karras'),
    });
    expect(facts.noise).toEqual({ variationSeed: 3, variationStrength: 0.2 });
    expect(mapSampler(facts)).toBe('DPM++ 2M Karras');
    expect(mapSampler(read({ parameters: text('82973c4', ', Sampler spacing: trailing') }))).toBe(
      'DPM++ 2M SGM Uniform',
    );
  });
});

describe('NovelAI 4', () => {
  const comment = (key: string, base: string, ...characters: string[]): object => ({
    [key]: {
      caption: { base_caption: base, char_captions: characters.map((char_caption) => ({ char_caption, centers: [] })) },
    },
  });
  const texts = (json: object): Record<string, string> => ({
    Software: 'NovelAI',
    Description: 'two fishers, dawn, ',
    Comment: JSON.stringify({ prompt: 'two fishers, dawn, ', uc: 'blurry', seed: 991, ...json }),
  });

  it('the captions of the characters follow the base', () => {
    const json = {
      ...comment('v4_prompt', 'two fishers, dawn, ', 'girl, lantern', 'boy, net'),
      ...comment('v4_negative_prompt', 'blurry', 'barefoot', ''),
    };
    const expected = {
      prompt: 'two fishers, dawn, girl, lantern, boy, net',
      negativePrompt: 'blurry, barefoot',
      seed: 991,
      warnings: [],
    };
    expect(read(texts(json))).toMatchObject(expected);
    const whole = JSON.stringify(texts(json));
    expect(readGenerationMetadata(webp(exifComment(unicode(whole, 'BE'))))).toMatchObject({
      program: 'novelai',
      ...expected,
    });
    expect(read(texts(comment('v4_prompt', '', 'girl')))).toMatchObject({ prompt: 'girl', negativePrompt: 'blurry' });
  });

  it('without characters, and with what is no caption', () => {
    const odd = { v4_prompt: { caption: { char_captions: [5, { char_caption: null }, {}] } }, v4_negative_prompt: [] };
    for (const json of [comment('v4_prompt', 'two fishers, dawn, '), odd])
      expect(read(texts(json))).toMatchObject({ prompt: 'two fishers, dawn, ', negativePrompt: 'blurry' });
  });

  it.each([
    ['fishers, -1::fog::, dawn', 'blurry', 'fishers, dawn', 'blurry, fog'],
    ['-0.5::fog, rain::fishers', 'blurry', 'fishers', 'blurry, fog, rain'],
    ['fishers, -2::fog', '', 'fishers', 'fog'],
    ['fishers -1::fog 2::dawn::', 'blurry', 'fishers, 2::dawn::', 'blurry, fog'],
    ['fishers, -0::fog::', 'blurry', 'fishers', 'blurry'],
    ['0::fog::, fishers, 0.0::rain', 'blurry', 'fishers', 'blurry'],
    ['10::fishers::', 'blurry', '10::fishers::', 'blurry'],
    ['fishers', 'blurry, -1::hats::', 'fishers', 'blurry'],
    ['fishers, 1-2::fog::', 'blurry', 'fishers, 1-2::fog::', 'blurry'],
  ])('text of negative weight is in the negative prompt: %s | %s', (prompt, uc, positive, negative) => {
    const facts = read({ Software: 'NovelAI', Description: prompt, Comment: JSON.stringify({ uc }) });
    expect(facts).toMatchObject({ prompt: positive, negativePrompt: negative });
    if (uc.includes('hats')) expect(facts.warnings).toEqual([expect.stringContaining('"hats"')]);
  });

  it('its weights are said to be words', () => {
    expect(read({ ...texts({}), Description: '{{fishers}}, dawn' }).warnings).toEqual([
      expect.stringContaining('words'),
    ]);
    expect(read({ ...texts({}), Description: '1.3::fishers::, dawn' }).warnings).toHaveLength(1);
  });
});

it("Fooocus's LoRAs are said", () => {
  const fooocus = (json: object): readonly string[] =>
    read({ parameters: JSON.stringify({ version: 'Fooocus v2.5.5', prompt: 'a lamp', ...json }) }).warnings;
  expect(
    fooocus({
      loras: [
        ['ink.safetensors', 0.8, 'ab'],
        ['None', 1],
      ],
    }),
  ).toEqual([expect.stringContaining('"ink".')]);
  expect(fooocus({ lora_combined_1: 'ink.safetensors : 0.8' })).toEqual([expect.stringContaining('"ink".')]);
  expect(fooocus({ loras: [], lora_combined_1: 'None : 1.0' })).toEqual([]);
});

describe('JSON with a prompt', () => {
  const json = JSON.stringify({ prompt: 'a lamp', steps: 9, seed: 4 });

  it('of no known program is ignored with a warning, and is not taken for a prompt', () => {
    const said = { program: 'unknown', prompt: null, warnings: [expect.stringContaining('supported program')] };
    expect(read({ parameters: `[${json}]` })).toMatchObject(said);
    expect(read({ parameters: json })).toMatchObject(said);
    expect(readGenerationMetadata(jpeg(exifComment(unicode(json, 'BE'))))).toMatchObject(said);
    // What is read from another place stays read.
    expect(read({ parameters: json, Dream: '"a kite" -S 4' })).toMatchObject({ program: 'invokeai', prompt: 'a kite' });
  });

  it.each([
    { version: 'Fooocus v2.5.5' },
    { software: 'RuinedFooocus' },
    { metadata_scheme: 'fooocus' },
    { adm_guidance: '(1.5, 0.8, 0.3)' },
    { full_prompt: ['a lamp'] },
  ])('of Fooocus by %p', (mark) => {
    expect(read({ parameters: JSON.stringify({ prompt: 'a lamp', ...mark }) })).toMatchObject({
      program: 'fooocus',
      prompt: 'a lamp',
    });
  });

  it('values that cannot be read give warnings', () => {
    const facts = read({
      parameters: JSON.stringify({
        version: 'Fooocus v2.5.5',
        prompt: ['a lamp'],
        negative_prompt: 'x',
        guidance_scale: [4],
        seed: -1,
      }),
    });
    expect(facts).toMatchObject({ prompt: null, negativePrompt: 'x', guidanceScale: null, seed: null });
    expect(facts.warnings).toEqual([
      'Ignored prompt "[\\"a lamp\\"]": not a valid value.',
      expect.stringContaining('Ignored seed "-1"'),
      'Ignored guidance scale "[4]": not a valid value.',
    ]);
  });
});

it('a seed of 63 bits', () => {
  const json = '{"version":"Fooocus v2.5.5","prompt":"a","seed":"5441180189181032878"}';
  expect(read({ parameters: json })).toMatchObject({ seed: '5441180189181032878', warnings: [] });
  expect(read({ parameters: json.replaceAll('"5441180189181032878"', '5441180189181032878') }).seed).toBe(
    '5441180189181032878',
  );
  expect(read({ parameters: json.replaceAll('"5441180189181032878"', '-5441180189181032878') }).warnings).toEqual([
    expect.stringContaining('-5441180189181032878'),
  ]);
});

it('whose syntax a prompt is in', () => {
  expect(syntaxOf(read({ parameters: 'a\nSteps: 1, Sampler: x, CFG scale: 1, Seed: 1' }))).toBe('a1111');
  expect(syntaxOf(read({ Dream: '"a" -s 1' }))).toBe('compel');
  const own = (settings: object): GenerationMetadata => read({ 'sdxl-refine': JSON.stringify({ settings }) });
  expect(syntaxOf(own({ prompt: 'a', prompt_syntax: 'comfy' }))).toBe('comfy');
  expect(syntaxOf(own({ prompt: 'a', prompt_syntax: 'constructor' }))).toBe('plain');
});
