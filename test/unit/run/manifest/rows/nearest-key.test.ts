import { nearestKey } from '#src/run/manifest/rows/nearest-key.js';
import { spellingsOf } from '#src/run/manifest/rows/row-keys.js';
import { expectSoon } from '../../../../support/expect-soon.js';

describe('nearestKey', () => {
  it.each([
    ['strenght', 'strength'],
    ['Prompt', 'prompt'],
    ['promt', 'prompt'],
    ['porpmt', 'prompt'],
    ['prompt_2', 'prompt'],
    ['negative-prompt', 'negative_prompt'],
    ['negativePrompt', 'negative_prompt'],
    ['NEGATIVE PROMPT', 'negative_prompt'],
    ['negtive_prompt', 'negative_prompt'],
    ['guidence_scale', 'guidance_scale'],
    ['guidancescale', 'guidance_scale'],
    ['step', 'steps'],
    ['Steps', 'steps'],
    ['num_inference_step', 'num_inference_steps'],
    ['seeds', 'seed'],
    ['imgae', 'image'],
    ['images', 'image'],
    ['latent', 'latents'],
    ['sheduler', 'scheduler'],
    ['denoisng_start', 'denoising_start'],
    ['outptu', 'output'],
    ['ID', 'id'],
    ['Fit', 'fit'],
  ])('takes %s for %s', (slip, key) => {
    expect(nearestKey(slip, spellingsOf('batch'))).toBe(key);
  });

  it.each([
    'name',
    'idx',
    'uid',
    'ids',
    'bit',
    'size',
    'width',
    'height',
    'title',
    'author',
    'source',
    'url',
    'image_id',
    'prompt_id',
    'output_id',
    'fitness',
    'image_url',
  ])('leaves %s alone', (word) => {
    expect(nearestKey(word, spellingsOf('batch'))).toBeNull();
  });

  it.each([
    'category',
    'description',
    'score',
    'group',
    'model',
    'text',
    'caption',
    'comment',
    'tags',
    'hash',
    '',
    '日本',
    'x'.repeat(500),
  ])('leaves %s alone', (word) => {
    expect(nearestKey(word, spellingsOf('batch'))).toBeNull();
  });

  it('prefers the nearer of two', () => {
    expect(nearestKey('abcdefgx', ['abcdefyz', 'abcdefgh'])).toBe('abcdefgh');
  });
});

it('prepares the known names once, however many are compared with them', async () => {
  const known = spellingsOf('batch');
  await expectSoon(() => {
    for (let count = 0; count < 10_000; count++) nearestKey(`column_${count}`, known);
  }, 4);
});
