/** InvokeAI's style prompts, weights and command lines, with invented contents. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { pngWith } from './build-pictures.js';

const read = (texts: Record<string, string>): GenerationMetadata => readGenerationMetadata(pngWith(texts))!;

describe('InvokeAI with SDXL', () => {
  const invoke = (json: object): GenerationMetadata => read({ invokeai_metadata: JSON.stringify(json) });

  it('the style prompts follow the prompts', () => {
    const facts = invoke({
      positive_prompt: 'a red kite',
      positive_style_prompt: 'watercolour',
      negative_prompt: 'fog',
      negative_style_prompt: 'ugly',
    });
    expect(facts).toMatchObject({ prompt: 'a red kite, watercolour', negativePrompt: 'fog, ugly' });
    expect(facts.warnings).toHaveLength(2);
    for (const style of ['', 'a red kite', null])
      expect(invoke({ positive_prompt: 'a red kite', positive_style_prompt: style })).toMatchObject({
        prompt: 'a red kite',
        warnings: [],
      });
    const joined = invoke({ positive_prompt: 'a red kite', positive_style_prompt: 'a red kite watercolour' });
    expect(joined.prompt).toBe('a red kite watercolour');
  });

  it('LoRAs are said', () => {
    const loras = [{ model: { name: 'ink' }, weight: 0.8 }, { lora: { model_name: 'clay' }, weight: 1 }, {}, 5];
    expect(invoke({ positive_prompt: 'a', loras }).warnings).toEqual([expect.stringContaining('"ink", "clay"')]);
  });

  it('metadata in metadata', () => {
    expect(invoke({ app_version: '3.0.0', metadata: { positive_prompt: 'a kite', seed: 4 } })).toMatchObject({
      prompt: 'a kite',
      seed: 4,
    });
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
    // Without influence.
    const idle = [parts[0], { prompt: 'fog', weight: 0 }];
    expect(old(idle)).toMatchObject({ prompt: 'a red kite', negativePrompt: 'rain', warnings: [] });
    // Weights in the text, as in `Dream`.
    for (const text of ['a red kite:1,fog:-0.6', [{ prompt: 'a red kite:1 fog:-0.6', weight: 1 }]])
      expect(old(text)).toMatchObject({ prompt: 'a red kite', negativePrompt: 'fog' });
    expect(old('a kite')).toMatchObject({ prompt: 'a kite', negativePrompt: '' });
    expect(old(5)).toMatchObject({ prompt: null, seed: 42 });
  });

  it.each([
    ['a red kite:1,fog:-0.6 -s 30 -S 42 -W 512 -H 640 -C 7.5 -A k_euler_a', 'a red kite', 'fog'],
    ['"a red kite:1, fog:-0.6" -s 30 -S 42', 'a red kite', 'fog'],
    ['fog:-1 a red kite -s30 -S42', 'a red kite', 'fog'],
    ['a poster, 16:9 [fog] -s 30 -S 42', 'a poster, 16:9', 'fog'],
    ['a red kite:1 fog:0 -s 30 -S 42', 'a red kite', ''],
    ['a clock, 10:00 -s 30 -S 42', 'a clock, 10:00', ''],
    ['"a poster, 16\\:9:1, fog::-1" -s 30 -S 42', 'a poster, 16:9', 'fog'],
    ['"a red kite [fog [dense], rain]" -s 30 -S 42', 'a red kite', 'fog dense, rain'],
    ['"a kite \\[1\\] [fog]" -s 30 -S 42', 'a kite [1]', 'fog'],
    ['"a kite [fog" -s 30 -S 42', 'a kite [fog', ''],
    ['"a \\"red\\" kite" -s 30 -S 42', 'a "red" kite', ''],
    ['"a "red" kite" -s 30 -S 42', 'a "red" kite', ''],
    ['a red kite --steps 30 --seed=42 --sampler k_lms', 'a red kite', ''],
    ['a red kite -W 512 -S 42 -s 30', 'a red kite', ''],
  ])('Dream: %s', (line, prompt, negativePrompt) => {
    expect(read({ Dream: line })).toMatchObject({ program: 'invokeai', prompt, negativePrompt, seed: 42, steps: 30 });
  });
});
