import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METADATA_KEYS, parseMetadataKeys, readOwnValues, type MetadataKey } from '#src/manifest/own-values.js';
import type { RowValues } from '#src/manifest/row-keys.js';
import { folder } from './manifests.js';

const facts: RowValues = {
  prompt: 'of the picture',
  negative_prompt: 'ugly',
  seed: 9,
  steps: 30,
  scheduler: 'DDIMScheduler',
  guidance_scale: 7.5,
  original_size: [512, 768],
};

/** What a picture gives to a row that has `given`, and how often the picture was opened for it. */
const ask = async (
  given: RowValues,
  fromMetadata?: readonly MetadataKey[],
  found: Record<string, unknown> = facts,
  sidecar?: string,
): Promise<[RowValues, number]> => {
  const path = join(folder(), 'cat.png');
  if (sidecar !== undefined) writeFileSync(path.replace('.png', '.txt'), sidecar);
  let opened = 0;
  const own = await readOwnValues(path, (name) => !(name in given), {
    ...(fromMetadata === undefined ? {} : { fromMetadata }),
    readFacts: (asked) => {
      expect(asked).toBe(path);
      opened += 1;
      return Promise.resolve(found);
    },
  });
  return [own, opened];
};

describe('readOwnValues', () => {
  it('gives prompt and negative prompt to a row without a prompt', async () => {
    expect(await ask({})).toEqual([{ prompt: 'of the picture', negative_prompt: 'ugly' }, 1]);
    expect(await ask({ negative_prompt: '' })).toEqual([{ prompt: 'of the picture' }, 1]);
  });

  it('does not open the picture of a row with a prompt, nor of one with a sidecar', async () => {
    expect(await ask({ prompt: '' })).toEqual([{}, 0]);
    expect(await ask({}, undefined, facts, 'of the sidecar\n')).toEqual([{ prompt: 'of the sidecar' }, 0]);
    expect(await ask({}, undefined, facts, '')).toEqual([{ prompt: '' }, 0]);
  });

  it('gives what the user chose, wherever a row lacks it', async () => {
    expect(await ask({ prompt: 'p', seed: 1 }, METADATA_KEYS)).toEqual([
      {
        negative_prompt: 'ugly',
        steps: 30,
        scheduler: 'DDIMScheduler',
        guidance_scale: 7.5,
        original_size: [512, 768],
      },
      1,
    ]);
    expect(await ask({}, ['prompt', 'seed'], facts, 'of the sidecar')).toEqual([
      { prompt: 'of the sidecar', seed: 9 },
      1,
    ]);
    expect(await ask({ seed: 3 }, ['seed'])).toEqual([{}, 0]);
    expect(await ask({}, [])).toEqual([{}, 0]);
  });

  it('leaves out what a key does not take', async () => {
    const found = { prompt: 5, negative_prompt: 'n', seed: -2, steps: 5000, scheduler: 'Restart', guidance_scale: NaN };
    expect(await ask({}, METADATA_KEYS, found)).toEqual([{ negative_prompt: 'n' }, 1]);
    expect(await ask({}, METADATA_KEYS, {})).toEqual([{}, 1]);
  });
});

describe('parseMetadataKeys', () => {
  it.each([
    ['none', []],
    ['prompt', ['prompt']],
    ['prompt, negative-prompt,num_inference_steps', ['prompt', 'negative_prompt', 'steps']],
  ])('reads %j', (text, keys) => {
    expect(parseMetadataKeys(text)).toEqual(keys);
  });

  it.each(['', 'prompt,', 'sampler', 'strength', 'prompt,none', 'toString'])('refuses %j', (text) => {
    expect(() => parseMetadataKeys(text)).toThrow(
      expect.objectContaining({
        code: 'USAGE_OPTION_INVALID',
        message: expect.stringContaining('prompt, negative_prompt, seed'),
      }),
    );
  });
});
