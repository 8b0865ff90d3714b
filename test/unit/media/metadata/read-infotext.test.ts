/** Texts that programs write beside their pictures. */
import { readInfotextMetadata } from '#src/app/cli/options/metadata-values.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';

describe('a text beside a picture gives what it says', () => {
  it.each<[string, string, RowValues, string?]>([
    [
      'Easy Diffusion’s lines',
      'Prompt: a boat\nNegative Prompt: lowres\nSeed: 42\nStable Diffusion model: x\nSampler: euler_a\nWidth: 768\nHeight: 512\nSteps: 25\nGuidance Scale: 7.5',
      {
        prompt: 'a boat',
        negative_prompt: 'lowres',
        seed: 42,
        steps: 25,
        scheduler: 'Euler a',
        guidance_scale: 7.5,
        original_size: [512, 768],
      },
    ],
    [
      'its lines before 2.5, under the prompt',
      'a boat\r\nWidth: 768\r\nHeight: 512\r\nSeed: 42\r\nSteps: 25\r\nNegative Prompt: ',
      { prompt: 'a boat', negative_prompt: '', seed: 42, steps: 25, original_size: [512, 768] },
    ],
    [
      'two labels',
      'Prompt: a boat\nat night: stars\nNegative prompt: x',
      { prompt: 'a boat\nat night: stars', negative_prompt: 'x' },
    ],
    [
      'labels on lines of their own',
      'Positive prompt:\na boat\n\nNegative prompt:\nx\n',
      { prompt: 'a boat', negative_prompt: 'x' },
    ],
    ['the negative prompt first', 'Negative prompt: x\nPrompt: a boat', { prompt: 'a boat', negative_prompt: 'x' }],
    ['an unknown label', 'Prompt: a boat\nMood: calm', { prompt: 'a boat' }, 'Ignored "Mood" of the text'],
    ['weights of no known program', 'Prompt: a (boat:1.2)', { prompt: 'a (boat:1.2)' }, 'are read as words'],
    [
      'an infotext under labels',
      'parameters\nPrompt: a boat\nNegative prompt: x\nSteps: 25, Seed: 3, CFG scale: 6',
      { prompt: 'a boat', negative_prompt: 'x', prompt_syntax: 'a1111', seed: 3, steps: 25, guidance_scale: 6 },
    ],
    [
      'another capital letter',
      'a boat\nNegative Prompt: x',
      { prompt: 'a boat', negative_prompt: 'x', prompt_syntax: 'a1111' },
    ],
    [
      'CR line ends',
      'a boat\rNegative prompt: x\rSteps: 25, Seed: 3, CFG scale: 6',
      { prompt: 'a boat', negative_prompt: 'x', prompt_syntax: 'a1111', seed: 3, steps: 25, guidance_scale: 6 },
    ],
    ['JSON', '{"prompt": "a boat", "negative_prompt": "x"}', { prompt: 'a boat', negative_prompt: 'x' }],
    ['JSON in a list', '[{"prompt": "a boat"}]', { prompt: 'a boat' }],
    [
      'Easy Diffusion’s JSON',
      '{"numOutputsTotal": 1, "reqBody": {"prompt": "a boat", "num_inference_steps": 25, "vram_usage_level": "low"}}',
      { prompt: 'a boat', steps: 25 },
      'Ignored "vram_usage_level" of the JSON',
    ],
    [
      'SwarmUI’s JSON',
      '{"sui_image_params": {"prompt": "a boat", "negativeprompt": "x", "seed": 1}}',
      { prompt: 'a boat', negative_prompt: 'x', prompt_syntax: 'comfy', seed: 1 },
    ],
    ['a graph without a prompt', '{"3": {"class_type": "KSampler", "inputs": {}}}', {}, 'JSON without a prompt'],
    ['JSON of many pictures', '[{"prompt": "a boat"}, {"prompt": "a cat"}]', {}, 'JSON without a prompt'],
    ['cut JSON', '{"prompt": "a boat", "neg', {}, 'JSON without a prompt'],
  ])('%s', (_, text, values, warning = '') => {
    const read = readInfotextMetadata(text);
    expect(read?.values).toEqual(values);
    expect(read?.warnings.join(' ') ?? '').toContain(warning);
  });
});

it.each([
  '{a boat|a ship} on a lake',
  '[a boat|a ship]',
  'Seed: pumpkin\nSteps: many',
  'A view: a boat\nModel: a woman',
  'a wooden boat, lake',
  'a boat (mist:1.2)',
  'menu: soup, fish, cake',
  'no Negative prompt: here',
])('a caption stays one: %s', (caption) => {
  expect(readInfotextMetadata(caption)).toBeNull();
});
