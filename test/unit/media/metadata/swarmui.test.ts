/** What SwarmUI writes, and what it makes of tags before it does, with invented contents. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { mapSampler } from '#src/media/metadata/map-sampler.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { pngWith } from './build-pictures.js';

const read = (texts: Record<string, string>): GenerationMetadata => readGenerationMetadata(pngWith(texts))!;

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

describe('what SwarmUI makes of tags before it writes', () => {
  const swarm = (params: object): GenerationMetadata =>
    read({ parameters: JSON.stringify({ sui_image_params: params }) });

  it.each([
    ['a [clay|stone] owl', 'a clay, stone owl', 1],
    ['a [clay:stone:0.4] owl', 'a clay, stone owl', 1],
    ['a [clay:stone:10] owl', 'a clay, stone owl', 1],
    ['a [[red|blue] clay|stone] owl', 'a red, blue clay, stone owl', 2],
    ['a [clay\\|s|16\\:9] owl', 'a clay|s, 16:9 owl', 1],
    ['a [clay] owl, [16:9]', 'a [clay] owl, [16:9]', 0],
    ['a \\[clay|stone] owl', 'a \\[clay|stone] owl', 0],
    ['an owl \0swarmembed:ink.safetensors\0end here', 'an owl embedding:ink.safetensors here', 0],
  ])('%j', (prompt, whole, warnings) => {
    const facts = swarm({ prompt, negativeprompt: 'x' });
    expect(facts.prompt).toBe(whole);
    expect(facts.warnings).toHaveLength(warnings);
  });

  it('LoRAs become tags again, or are said', () => {
    const loras = { loras: ['ink', 'art/clay'], loraweights: ['0.8', '1'] };
    expect(swarm({ prompt: 'an owl', ...loras }).prompt).toBe('an owl <lora:ink:0.8> <lora:art/clay:1>');
    const each = { ...loras, loratencweights: ['0.5', '1'], lorasectionconfinement: ['0', '1'] };
    expect(swarm({ prompt: 'an owl', ...each })).toMatchObject({
      prompt: 'an owl <lora:ink:0.8:0.5>',
      warnings: [expect.stringContaining('"art/clay"')],
    });
    expect(swarm({ prompt: 'an owl <lora:ink:0.3>', loras: ['ink'] }).prompt).toBe('an owl <lora:ink:0.3>');
    expect(swarm({ prompt: 'an owl', loras: 'ink, clay', loraweights: '0.8,1' }).prompt).toMatch(/<lora:clay:1>$/);
    const hostile = swarm({ prompt: 'an owl', loras: ['a:9>b', 5, null, {}], loraweights: ['x'] });
    expect(hostile).toMatchObject({ prompt: 'an owl <lora:5:1>', warnings: [expect.stringContaining('LoRAs')] });
  });

  it('a variation', () => {
    expect(swarm({ prompt: 'a', variationseed: 7, variationseedstrength: 0.2 }).noise).toEqual({
      variationSeed: 7,
      variationStrength: 0.2,
    });
    const none = swarm({ prompt: 'a', variationseed: -1, variationseedstrength: 0 });
    expect(none).not.toHaveProperty('noise');
    expect(none.warnings).toEqual([]);
  });
});
