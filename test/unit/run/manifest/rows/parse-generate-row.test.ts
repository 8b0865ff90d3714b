import type { InvalidRow } from '#src/records/row.js';
import type { RowDraft } from '#src/run/manifest/rows/parse-row.js';
import { generateRowParser, type GenerateRun } from '#src/run/manifest/rows/parse-generate-row.js';
import type { RowContext } from '#src/run/manifest/rows/resolve-settings.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';
import { checkManifest } from '#src/run/manifest/check-manifest.js';
import { collect, jsonl, manifestOf } from '../manifests.js';

const ENSEMBLE: GenerateRun = { mode: 'ensemble', stageInput: 'latents', keepsLatents: false };

const parse = async (
  row: Record<string, unknown>,
  run: Partial<GenerateRun> = {},
  options: RowValues = {},
  defaults: Pick<RowContext, 'modelDefaults' | 'refinerDefaults'> = {},
): Promise<(RowDraft | InvalidRow)[]> => {
  const parser = generateRowParser({ ...ENSEMBLE, ...run });
  const origin = { index: 3, rowNumberPerFile: 3, inputName: 'm.jsonl', line: 4 };
  const raw = { line: 4, known: Object.entries(row) as [keyof RowValues, unknown][], extra: {} };
  return [...(await parser(raw, origin, '/data', { options, runSeed: 77, ...defaults }))];
};

const only = async (...given: Parameters<typeof parse>): Promise<RowDraft> => {
  const [row] = await parse(...given);
  if (row === undefined || 'error' in row) throw new Error(row?.error.message);
  return row;
};

const errorOf = async (...given: Parameters<typeof parse>): Promise<InvalidRow['error']> => {
  const [row] = await parse(...given);
  if (row === undefined || !('error' in row)) throw new Error('the row is valid');
  return row.error;
};

describe('a row of generate', () => {
  it.each([
    [{ output: `${'x'.repeat(251)}.png` }, {}, null],
    [{ output: `${'x'.repeat(249)}.png`, count: 9 }, {}, null],
    [{ output: `${'x'.repeat(249)}.png`, count: 10 }, {}, 1],
    [{ output: `a/${'é'.repeat(115)}.png` }, { keepsLatents: true }, null],
    [{ output: `a/${'é'.repeat(115)}.png`, count: 2 }, { keepsLatents: true }, 1],
    [{ output: `${'x'.repeat(240)}.png` }, { keepsLatents: true }, 9],
  ])('leaves room in the name for what is added: %#', async (row, run, over) => {
    const rows = await parse({ prompt: 'p', ...row }, run);
    if (over === null) expect(rows.every((one) => !('error' in one))).toBe(true);
    else
      expect(await errorOf({ prompt: 'p', ...row }, run)).toMatchObject({
        code: 'ROW_FIELD_INVALID',
        message: expect.stringMatching(new RegExp(`shorten it by ${over} bytes? \\(m`)),
      });
  });

  it('begins at noise, and hands on at 0.8', async () => {
    const row = await only({ prompt: 'A red fox, 山!' });
    expect(row).toMatchObject({
      source: { kind: 'noise', width: null, height: null },
      sourceText: null,
      output: null,
      stem: 'a-red-fox-山',
      settings: { prompt: 'A red fox, 山!', strength: 1, steps: 50, seed: 77, denoisingStart: null },
      generation: { mode: 'ensemble', handoff: 0.8, stageInput: null, latentsSuffix: null, copy: 0 },
    });
    expect(row.generation?.refiner).toMatchObject({
      prompt: 'A red fox, 山!',
      steps: 50,
      seed: 78,
      denoisingStart: 0.8,
    });
  });

  it('gives the refiner its own keys, and what the base model has where there are none', async () => {
    const row = { prompt: 'a', refiner_prompt: 'b', steps: 10, refiner_steps: 20, refiner_seed: 5, strength: 0.5 };
    const options = { refiner_guidance_scale: 3, negative_prompt: 'c', scheduler: 'DDIMScheduler' };
    const { settings, generation } = await only(row, { mode: 'two-stage', stageInput: 'picture' }, options);
    expect(settings).toMatchObject({ prompt: 'a', steps: 10, guidanceScale: 5, strength: 1 });
    expect(generation).toMatchObject({ mode: 'two-stage', handoff: null, stageInput: 'picture' });
    expect(generation?.refiner).toMatchObject({
      prompt: 'b',
      negativePrompt: 'c',
      steps: 20,
      seed: 5,
      guidanceScale: 3,
      scheduler: 'DDIMScheduler',
      strength: 0.5,
      denoisingStart: null,
    });
  });

  it.each([
    [{ timesteps: [900, 600, 300] }, { steps: 3, timesteps: [900, 600, 300] }],
    [{ sigmas: [14, 3, 1, 0] }, { steps: 3, sigmas: [14, 3, 1, 0] }],
    [
      { timesteps: 'ays' as const, steps: 10 },
      { steps: 10, timesteps: 'ays' },
    ],
  ])('has one schedule in an ensemble, with the levels of the base model: %j', async (modelDefaults, shared) => {
    const refinerDefaults = { steps: 7, timesteps: [5, 4, 3] };
    const { settings, generation } = await only({ prompt: 'a' }, {}, {}, { modelDefaults, refinerDefaults });
    expect(settings).toMatchObject(shared);
    expect(generation?.refiner).toMatchObject(shared);
    const plain = await only({ prompt: 'a' }, {}, {}, { refinerDefaults });
    expect(plain.generation?.refiner).toMatchObject({ steps: 50, timesteps: null });
  });

  it('names the refiner’s own key where its steps contradict a list', async () => {
    const row = { prompt: 'a', timesteps: [900, 600], refiner_steps: 20 };
    const { message } = await errorOf(row, { mode: 'two-stage' });
    expect(message).toMatch(/refiner_steps to be 2, as timesteps says, got 20: leave refiner_steps out/);
    const both = await errorOf({ prompt: 'a', timesteps: [900, 600], steps: 20 }, { mode: 'two-stage' });
    expect(both.message.match(/leave steps out/g)).toHaveLength(1);
  });

  it('has no refiner in mode base, whatever the row says of one', async () => {
    const row = await only({ prompt: 'a', refiner_steps: 7, handoff: 0.5, denoising_end: 0.6 }, { mode: 'base' });
    expect(row.settings.denoisingEnd).toBe(0.6);
    expect(row.generation).toMatchObject({ mode: 'base', handoff: null, refiner: null });
  });

  it('counts pictures, seeds and names', async () => {
    const rows = (await parse({ prompt: 'a', count: 3, output: 'x/fox.jpg', seed: 2 ** 53 - 2 })) as RowDraft[];
    expect(rows.map(({ settings, output, generation }) => [settings.seed, output, generation?.refiner?.seed])).toEqual([
      [2 ** 53 - 2, 'x/fox.jpg', 2 ** 53 - 1],
      [2 ** 53 - 1, 'x/fox-2.jpg', 0],
      [0, 'x/fox-3.jpg', 1],
    ]);
    expect(rows.map(({ generation }) => generation?.copy)).toEqual([0, 1, 2]);
  });

  it.each<[Record<string, unknown>, Partial<GenerateRun>, string, RegExp]>([
    [{}, {}, 'ROW_FIELD_MISSING', /add the key prompt, or --prompt/],
    [{ prompt: 'a', handoff: 0 }, {}, 'ROW_FIELD_INVALID', /handoff to be a number above 0 and below 1, got 0/],
    [{ prompt: 'a', handoff: 1 }, {}, 'ROW_FIELD_INVALID', /handoff to be a number above 0 and below 1, got 1/],
    [{ prompt: 'a', width: 100 }, {}, 'ROW_FIELD_INVALID', /width to be a multiple of 8 from 8 to 8192, got 100/],
    [{ prompt: 'a', height: 8200 }, {}, 'ROW_FIELD_INVALID', /multiple of 8/],
    [{ prompt: 'a', count: 0 }, {}, 'ROW_FIELD_INVALID', /count to be an integer from 1/],
    [{ prompt: 'a', refiner_steps: 20 }, {}, 'ROW_FIELD_INVALID', /one schedule, got 20 and 50/],
    [
      { prompt: 'a', refiner_scheduler: 'DDIMScheduler' },
      {},
      'ROW_FIELD_INVALID',
      /one schedule, got DDIMScheduler and the model's own/,
    ],
    [{ prompt: 'a', denoising_end: 0.5 }, {}, 'ROW_FIELD_INVALID', /only in mode base/],
    [{ prompt: 'a', strength: 0.01 }, { mode: 'two-stage' }, 'ROW_FIELD_INVALID', /no step would run/],
    [{ prompt: 'a', refiner_scheduler: 'none' }, { mode: 'two-stage' }, 'ROW_FIELD_INVALID', /name of a scheduler/],
    [{ prompt: 'a', output: 'a.latents.safetensors' }, { keepsLatents: true }, 'ROW_FIELD_INVALID', /--save-latents/],
  ])('refuses %j', async (row, run, code, message) => {
    const error = await errorOf(row, run);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

describe('a manifest of prompts', () => {
  const read = async (files: Record<string, string>, options: RowValues = {}) => {
    const manifest = manifestOf(files, { command: 'generate', parse: generateRowParser(ENSEMBLE), options });
    const check = await checkManifest(manifest);
    return { ...check, all: await collect(check.read()) };
  };

  it('names pictures after their prompts, each once, and an id may have several', async () => {
    const rows = [
      { prompt: 'Fox!', id: 'a', count: 2 },
      { prompt: 'fox' },
      { prompt: '…' },
      { prompt: 'dog', output: 'fox-2' },
    ];
    const { all, rows: count } = await read({ 'm.jsonl': jsonl(...rows) });
    expect(count).toBe(5);
    expect(all.map((row) => ('output' in row ? row.output : row.error.message))).toEqual([
      'fox.png',
      'fox-3.png',
      'fox-4.png',
      'row-000002.png',
      'fox-2.png',
    ]);
  });

  it('refuses the keys of batch, and a row of batch may have columns called like ours', async () => {
    await expect(read({ 'm.csv': 'prompt,image\na,b.png\n' })).rejects.toThrow(/found "image" .* a key of batch/);
    const manifest = manifestOf({ 'm.csv': 'prompt,image,width,count\na,b.png,640,9\n' });
    const [row] = await collect((await checkManifest(manifest)).read());
    expect(row).toMatchObject({ extra: { width: '640', count: '9' } });
  });

  it('is one row of the options where there is no input', async () => {
    const { all } = await read({}, { prompt: 'fox', count: 2 });
    expect(all).toMatchObject([
      { inputName: '--prompt', rowNumberPerFile: 0, output: 'fox.png' },
      { inputName: '--prompt', rowNumberPerFile: 0, output: 'fox-2.png' },
    ]);
  });

  it('refuses pictures', async () => {
    await expect(read({ 'a.png': '' })).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' });
  });
});
