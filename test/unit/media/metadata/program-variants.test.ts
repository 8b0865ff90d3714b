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

  it('its weights are said to be words', () => {
    expect(read({ ...texts({}), Description: '{{fishers}}, dawn' }).warnings).toEqual([
      expect.stringContaining('words'),
    ]);
    expect(read({ ...texts({}), Description: '1.3::fishers::, dawn' }).warnings).toHaveLength(1);
  });
});

describe('SwarmUI', () => {
  const swarm = (params: object): GenerationMetadata =>
    read({ parameters: JSON.stringify({ sui_image_params: params }) });

  it('the names that sampler and scheduler had', () => {
    const facts = swarm({ prompt: 'a', comfyuisampler: 'dpmpp_2m_sde', comfyuischeduler: 'karras' });
    expect(mapSampler(facts)).toBe('DPM++ 2M SDE Karras');
  });

  it.each([
    ['an owl <segment:face,0.6,0.5> eyes <object:0.1,0.1,0.3,0.3> a key <refiner> glaze', 'an owl'],
    ['an owl, <region:0,0,1,0.5,1> a cat', 'an owl,'],
    ['an owl<video>it flies<videoswap>x', 'an owl'],
    ['an owl <base> rough', 'an owl'],
    ['an owl <extend:33> it flies', 'an owl'],
    ['an owl <clear:background>', 'an owl'],
  ])('of %s, what is for the whole picture', (prompt, whole) => {
    const facts = swarm({ prompt, negativeprompt: `cracks <segment:face> wrinkles` });
    expect(facts).toMatchObject({ prompt: whole, negativePrompt: 'cracks' });
    expect(facts.warnings).toHaveLength(2);
    expect(facts.warnings[0]).toContain('Ignored');
  });

  it('other tags', () => {
    const facts = swarm({
      prompt: 'an <alternate:owl|crow>, <embed:ink> <comment:mine> <lora:clay:0.5> a < b <break> c',
    });
    expect(facts.prompt).toBe('an owl, crow, embedding:ink <lora:clay:0.5> a < b c');
    expect(facts.warnings).toEqual([
      expect.stringContaining('<alternate:owl|crow>'),
      expect.stringContaining('<break>'),
    ]);
    expect(swarm({ prompt: 'a plain owl' }).warnings).toEqual([]);
  });
});

describe('InvokeAI 2', () => {
  const old = (prompt: unknown): GenerationMetadata =>
    read({
      'sd-metadata': JSON.stringify({
        app_id: 'invoke-ai/InvokeAI',
        image: { prompt, seed: 42, sampler: 'k_euler_a' },
      }),
    });

  it('a negative weight is the negative prompt', () => {
    const parts = [
      { prompt: 'a red kite [rain]', weight: 1 },
      { prompt: 'fog', weight: -0.6 },
    ];
    expect(old(parts)).toMatchObject({ prompt: 'a red kite', negativePrompt: 'rain, fog', warnings: [] });
    const uneven = [...parts, { prompt: 'clouds', weight: 0.5 }];
    expect(old(uneven)).toMatchObject({
      prompt: 'a red kite, clouds',
      warnings: [expect.stringContaining('weights')],
    });
    expect(old('a kite')).toMatchObject({ prompt: 'a kite', negativePrompt: '' });
    expect(old(5)).toMatchObject({ prompt: null, seed: 42 });
  });

  it.each([
    ['a red kite:1,fog:-0.6 -s 30 -S 42 -W 512 -H 640 -C 7.5 -A k_euler_a', 'a red kite', 'fog'],
    ['"a red kite:1, fog:-0.6" -s 30 -S 42', 'a red kite', 'fog'],
    ['fog:-1 a red kite -s30 -S42', 'a red kite', 'fog'],
    ['a poster, 16:9 [fog] -s 30 -S 42', 'a poster, 16:9', 'fog'],
  ])('Dream: %s', (line, prompt, negativePrompt) => {
    expect(read({ Dream: line })).toMatchObject({ program: 'invokeai', prompt, negativePrompt, seed: 42, steps: 30 });
  });
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
