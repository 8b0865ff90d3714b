/** Each program's metadata, as it writes it, with invented contents. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { exifComment, iTXt, jpeg, png, pngWith, unicode, webp } from './build-pictures.js';
import * as texts from './infotexts.js';

const read = (picture: Uint8Array): GenerationMetadata | null => readGenerationMetadata(picture);

const FOX = {
  program: 'a1111',
  prompt: 'a red fox in snow',
  negativePrompt: 'blurry, lowres',
  seed: 123456789,
  steps: 30,
  sampler: 'DPM++ 2M',
  scheduler: 'Karras',
  guidanceScale: 6.5,
  width: 1024,
  height: 1024,
  noise: { rng: 'philox', vaeSample: 'mean' },
  warnings: [],
};

describe('A1111 and Forge', () => {
  it.each([
    ['RNG: NV', { rng: 'philox', vaeSample: 'mean' }],
    ['RNG: CPU, ENSD: 31337', { rng: 'torch-cpu', vaeSample: 'mean', etaNoiseSeedDelta: 31337 }],
    ['Variation seed: 5, Variation seed strength: 0.2', { variationSeed: 5, variationStrength: 0.2 }],
    ['Version: f2.0.1v1.10.1', { rng: 'philox', vaeSample: 'mean' }],
    ['Version: v1.10.1-amd-43-g1ad6edf1', { rng: 'philox', vaeSample: 'mean' }],
    ['Version: f0.0.17v1.8.0rc-latest-276-g29be1da7', { rng: 'philox', vaeSample: 'mean' }],
    ['Version: v2.3.4 Comfy Saver', undefined],
    ['Version: v1.2 of a saver', undefined],
    ['Version: v2.3.4', undefined],
    ['RNG: cuda, Version: stable-diffusion.cpp', { rng: 'philox' }],
    ['RNG: constructor, ENSD: x', undefined],
    ['Variation seed: 5441180189181032878', { variationSeed: '5441180189181032878' }],
    ['Variation seed: -1, Variation seed strength: 0.2', undefined],
    ['Variation seed strength: 0.2', undefined],
  ])('noise of %s', (said, noise) => {
    const facts = readGenerationMetadata(pngWith({ parameters: `a fox\nSteps: 30, Seed: 1, ${said}` }));
    expect(facts?.noise).toEqual(noise);
    const isWrong = /constructor|-1, |^Variation seed strength/.test(said);
    expect(facts?.warnings).toHaveLength(isWrong ? 1 : 0);
  });

  it('the noise levels of Tensor.Art', () => {
    const text = 'a fox\nSteps: 30, Seed: 1, Sampler: DPM++ 2M, KSampler: dpmpp_2m, Schedule: karras';
    expect(readGenerationMetadata(pngWith({ parameters: text }))).toMatchObject({ scheduler: 'karras' });
  });

  it.each([
    ['a fox', 'Lora hashes: "ink: 0123abcd"', ['"ink".']],
    ['a fox <lora:ink:1>', 'Lora hashes: "ink: 0123abcd"', []],
    [
      'a fox',
      'Civitai resources: [{"type":"checkpoint","modelName":"x"},{"type":"lora","modelName":"ink"}]',
      ['"ink".'],
    ],
    ['a fox', 'Civitai resources: [{"type":"checkpoint","modelName":"x"}], Hashes: {"lora:ink":"0"}', []],
  ])('LoRAs of %s with %s', (prompt, said, names) => {
    const facts = readGenerationMetadata(pngWith({ parameters: `${prompt}\nSteps: 30, Seed: 1, ${said}` }));
    expect(facts?.warnings).toEqual(names.map((name) => expect.stringContaining(name) as unknown));
  });

  it('of two pictures, nothing is read', () => {
    const parameters = `${texts.PLAIN}\n\n${texts.PLAIN.replace('fox', 'owl')}`;
    const said = { program: 'unknown', prompt: null, warnings: [expect.stringContaining('two pictures')] };
    expect(readGenerationMetadata(pngWith({ parameters }))).toMatchObject(said);
  });

  it.each([
    ['PNG', pngWith({ parameters: texts.PLAIN })],
    ['JPEG', jpeg(exifComment(unicode(texts.PLAIN, 'BE')))],
    ['WebP', webp(exifComment(unicode(texts.PLAIN, 'BE')))],
  ])('%s', (_container, picture) => {
    expect(read(picture)).toEqual(FOX);
  });

  it('other scripts, in iTXt', () => {
    const facts = read(png([iTXt('parameters', texts.REFINED)]));
    expect(facts).toMatchObject({
      prompt: '山の朝, café',
      negativePrompt: '低画質',
      sampler: 'DDIM',
      width: 1024,
      height: 768,
    });
  });

  it('a bare prompt is one under "parameters", and nothing in a comment', () => {
    expect(read(pngWith({ parameters: texts.BARE }))).toMatchObject({
      prompt: texts.BARE,
      negativePrompt: null,
      steps: null,
    });
    expect(read(pngWith({ parameters: texts.MENU }))).toMatchObject({ prompt: texts.MENU, steps: null });
    expect(read(jpeg(exifComment(Buffer.from(`ASCII\0\0\0${texts.BARE}`))))).toBeNull();
  });

  it('a prompt in braces is no JSON', () => {
    const text = texts.PLAIN.replace('a red fox', '{red|blue} fox');
    expect(read(pngWith({ parameters: text }))).toMatchObject({
      prompt: '{red|blue} fox in snow',
      seed: 123456789,
      warnings: [],
    });
  });

  it('seeds and counts that cannot be used', () => {
    const text = texts.PLAIN.replace('123456789', '18446744073709551616').replace('Steps: 30', 'Steps: many');
    const facts = read(pngWith({ parameters: text }));
    expect(facts).toMatchObject({ seed: null, steps: null, guidanceScale: 6.5 });
    expect(facts?.warnings).toEqual([
      expect.stringContaining('Ignored seed "18446744073709551616"'),
      'Ignored steps "many": not a valid value.',
    ]);
    expect(read(pngWith({ parameters: texts.PLAIN.replace('123456789', '-1') }))?.seed).toBeNull();
  });
});

describe('several, broken and none', () => {
  it('the order in which they are believed, and the last of a keyword', () => {
    expect(read(pngWith({ prompt: '{}', invokeai_metadata: '{"positive_prompt":"b"}', parameters: 'a' }))?.prompt).toBe(
      'a',
    );
    expect(read(Buffer.from(png([iTXt('parameters', 'first'), iTXt('parameters', 'last')])))?.prompt).toBe('last');
  });

  it('values that cannot be read are ignored with a warning', () => {
    const facts = read(pngWith({ invokeai_metadata: '{"positive', Dream: '"a lamp" -S 4' }));
    expect(facts).toMatchObject({ program: 'invokeai', prompt: 'a lamp', seed: 4 });
    expect(facts?.warnings).toEqual([expect.stringContaining('invokeai_metadata is not JSON')]);
  });

  it('nothing but broken metadata is unknown, with warnings', () => {
    const facts = read(pngWith({ 'sd-metadata': '[1]' }));
    expect(facts).toMatchObject({ program: 'unknown', prompt: null, seed: null });
    expect(facts?.warnings).toEqual(['sd-metadata is JSON, but not an object.']);
  });

  it('JSON that is deep or large is not parsed', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const large = `{"a":[${'{},'.repeat(200_000)}{}]}`;
    for (const text of [deep, large]) {
      expect(read(pngWith({ invokeai_metadata: text }))?.warnings).toEqual([
        expect.stringMatching(/more than (100|300000)\.$/),
      ]);
    }
  });

  it('keys that mean something to JavaScript', () => {
    const text = '{"__proto__":{"positive_prompt":"x"},"constructor":{"name":"y"},"toString":1}';
    expect(read(pngWith({ invokeai_metadata: text }))).toBeNull();
    expect(read(pngWith({ prompt: '{"__proto__":{"class_type":"KSampler","inputs":{}}}' }))?.program).toBe('unknown');
  });

  it('pictures without a word of it', () => {
    expect(read(png([]))).toBeNull();
    expect(read(pngWith({ Title: 'holiday', prompt: 'words of another program' }))).toBeNull();
    expect(read(Buffer.from('not a picture'))).toBeNull();
  });
});
