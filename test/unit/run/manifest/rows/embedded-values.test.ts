import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readInfotextMetadata } from '#src/app/cli/options/metadata-values.js';
import {
  METADATA_KEYS,
  parseMetadataKeys,
  readEmbeddedValues,
  type MetadataKey,
  type MetadataValues,
} from '#src/run/manifest/rows/embedded-values.js';
import { resolveSettings, withoutIdleSteps } from '#src/run/manifest/rows/resolve-settings.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';
import { folder } from '../manifests.js';

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
  const [{ values }, opened] = await askAll(given, { fromMetadata, found, sidecar });
  return [values, opened];
};

/** The same, with warnings. */
const askAll = async (
  given: RowValues,
  {
    fromMetadata,
    found = facts,
    sidecar,
  }: {
    fromMetadata?: readonly MetadataKey[] | undefined;
    found?: Record<string, unknown>;
    sidecar?: string | undefined;
  },
): Promise<[MetadataValues, number]> => {
  const path = join(folder(), 'cat.png');
  if (sidecar !== undefined) writeFileSync(path.replace('.png', '.txt'), sidecar);
  let opened = 0;
  const own = await readEmbeddedValues(path, (name) => !(name in given), {
    ...(fromMetadata === undefined ? {} : { fromMetadata }),
    readMetadata: (asked) => {
      expect(asked).toBe(path);
      opened += 1;
      return Promise.resolve({ values: found, warnings: ['a warning of the picture'] });
    },
    readInfotext: readInfotextMetadata,
  });
  return [own, opened];
};

it('a row beats an option beats its picture beats its model beats the default', () => {
  const context = {
    options: { steps: 2 },
    runSeed: 0,
    modelDefaults: { strength: 0.5, steps: 4, guidance_scale: 4, eta: 1 },
  };
  const settings = resolveSettings({ strength: 0.1 }, new Set(), context, { steps: 3, guidance_scale: 3 });
  expect(settings).toMatchObject({ strength: 0.1, steps: 2, guidanceScale: 3, eta: 1, aestheticScore: 6 });
});

it.each<[own: number, row: RowValues, options: RowValues, kept: boolean]>([
  [2, {}, {}, false],
  [4, {}, {}, true],
  [1, {}, { strength: 1 }, true],
  [4, { strength: 0.2 }, {}, false],
  [4, { denoising_start: 0.8 }, {}, false],
  [5, { denoising_start: 0.8 }, {}, true],
  [1, { denoising_start: 0.8 }, { strength: 1 }, false],
  [1, { steps: 30 }, {}, true],
])('%d steps of a picture, for a row with %j and options %j', (steps, row, options, kept) => {
  const own = { values: { steps, seed: 4 }, warnings: [] };
  const context = { options, runSeed: 0 };
  const { values, warnings } = withoutIdleSteps(row, new Set(), context, own);
  expect(values).toEqual(kept ? own.values : { seed: 4 });
  expect(warnings).toEqual(kept ? [] : [expect.stringContaining(`steps ${steps}`)]);
});

it('whatever the steps, a strength of the model lets one run', () => {
  const steps = Array.from({ length: 1000 }, (_, index) => index + 1);
  const context = { options: {}, runSeed: 0, modelDefaults: { strength: 0.02 } };
  const ran = steps.map((count) =>
    Math.floor(count * (resolveSettings({ steps: count }, new Set(), context).strength ?? 0)),
  );
  expect(ran).toEqual(steps.map((count) => Math.max(1, Math.floor(count * 0.02))));
});

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

describe('the text beside', () => {
  const infotext =
    'a boat, (mist:1.2)\r\nNegative prompt: lowres,\r\ntext\r\nSteps: 25, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 4123';

  it('that says what made the picture gives what it says', async () => {
    const prompts = { prompt: 'a boat, (mist:1.2)', negative_prompt: 'lowres,\ntext', prompt_syntax: 'a1111' };
    expect(await ask({}, undefined, facts, infotext)).toEqual([prompts, 0]);
    expect(await ask({}, [], facts, infotext)).toEqual([prompts, 0]);
    expect(await ask({ negative_prompt: '', prompt_syntax: 'plain' }, undefined, facts, infotext)).toEqual([
      { prompt: 'a boat, (mist:1.2)' },
      0,
    ]);
    expect(await ask({}, ['seed', 'original_size'], facts, infotext)).toEqual([
      { ...prompts, seed: 4123, original_size: [512, 768] },
      1,
    ]);
    expect(await ask({}, undefined, facts, 'a boat\nNegative prompt: lowres')).toEqual([
      { prompt: 'a boat', negative_prompt: 'lowres', prompt_syntax: 'a1111' },
      0,
    ]);
  });

  it.each(['a wooden boat, lake', 'a boat (mist:1.2)', 'menu: soup, fish, cake', 'no Negative prompt: here'])(
    'that is a caption stays one: %s',
    async (caption) => {
      expect(await ask({}, undefined, facts, caption)).toEqual([{ prompt: caption }, 0]);
    },
  );
});

describe('warnings', () => {
  const warningsOf = async (...asked: Parameters<typeof askAll>): Promise<readonly string[]> =>
    (await askAll(...asked))[0].warnings;

  it('of the picture, where it is opened', async () => {
    expect(await warningsOf({}, {})).toEqual(['a warning of the picture']);
    expect(await warningsOf({ prompt: 'p' }, {})).toEqual([]);
  });

  it('of ignored values', async () => {
    const found = { prompt: 'p', seed: '5441180189181032878', scheduler: 'Restart' };
    expect(await warningsOf({}, { found, fromMetadata: ['prompt', 'seed', 'scheduler'] })).toEqual([
      'a warning of the picture',
      expect.stringMatching(
        /Ignored seed of the picture's metadata: 5441180189181032878 is above 9007199254740991 \(2\^53-1\)/,
      ),
      expect.stringMatching(/Ignored scheduler of the picture's metadata: "Restart" is not/),
    ]);
  });

  it('of a variation whose seed is not taken, once, with its digits', async () => {
    const found = { variation_seed: '5441180189181032878', variation_strength: 0.2 };
    const [{ values, warnings }] = await askAll({ prompt: 'p' }, { found, fromMetadata: METADATA_KEYS });
    expect(values).toEqual({});
    expect(warnings.slice(1)).toEqual([
      expect.stringMatching(/variation_seed .*5441180189181032878.*variation_strength/),
    ]);
    const alone = { found: { variation_strength: 0.2 }, fromMetadata: METADATA_KEYS };
    expect((await askAll({ prompt: 'p' }, alone))[0]).toEqual({
      values: {},
      warnings: ['a warning of the picture', expect.stringContaining('variation_strength 0.2')],
    });
    expect((await askAll({ prompt: 'p', variation_seed: 3 }, alone))[0].values).toEqual({ variation_strength: 0.2 });
  });

  it('of a text with the parameters of two pictures, which is no prompt', async () => {
    const sidecar = 'a\nSteps: 9, Seed: 1, Size: 8x8\nb\nSteps: 9, Seed: 2, Size: 8x8';
    const [{ values, warnings }] = await askAll({}, { sidecar });
    expect(values).toEqual({ prompt: 'of the picture', negative_prompt: 'ugly' });
    expect(warnings).toContainEqual(expect.stringContaining('two pictures'));
  });

  it('of an empty prompt', async () => {
    expect(await warningsOf({}, { found: { prompt: ' ' } })).toContainEqual(expect.stringContaining('is empty'));
    expect(await warningsOf({}, { sidecar: '' })).toContainEqual(expect.stringContaining('is empty'));
    expect(await warningsOf({}, { found: { negative_prompt: '' } })).toHaveLength(1);
  });
});

describe("the prompt's syntax", () => {
  const found = { prompt: '(p:1.2)', negative_prompt: '(n:1.2)', prompt_syntax: 'a1111' };

  it('is that of the program whose prompt is taken, unless it is given', async () => {
    expect(await ask({}, undefined, found)).toEqual([found, 1]);
    expect(await ask({ prompt_syntax: 'plain' }, undefined, found)).toEqual([
      { prompt: '(p:1.2)', negative_prompt: '(n:1.2)' },
      1,
    ]);
  });

  it("does not change that of a row's own prompt, and that is said", async () => {
    const [{ values, warnings }] = await askAll({ prompt: 'p' }, { found, fromMetadata: ['negative_prompt'] });
    expect(values).toEqual({ negative_prompt: '(n:1.2)' });
    expect(warnings).toContainEqual(expect.stringContaining('prompt_syntax a1111'));
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
