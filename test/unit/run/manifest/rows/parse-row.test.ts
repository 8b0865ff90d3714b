import { parseRow, type RowDraft } from '#src/run/manifest/rows/parse-row.js';
import type { RowKeyName, RowValues } from '#src/run/manifest/rows/row-keys.js';
import type { InvalidRow } from '#src/records/row.js';

const origin = { index: 4, rowNumberPerFile: 2, inputName: 'm.jsonl', line: 3 };

const parse = (values: Record<string, unknown>, options: RowValues = {}, extra = {}): Promise<RowDraft | InvalidRow> =>
  parseRow({ line: 3, known: Object.entries(values) as [RowKeyName, unknown][], extra }, origin, '/data', {
    options,
    runSeed: 77,
  });

const good = { image: 'cat.png', prompt: 'a cat' };

const errorOf = (row: RowDraft | InvalidRow): { code: string; message: string } =>
  'error' in row ? row.error : { code: 'none', message: 'none' };

describe('parseRow', () => {
  it.each([
    [{ timesteps: [900, 500, 100] }, { steps: 3, timesteps: [900, 500, 100] }],
    [{ sigmas: [9, 1, 0] }, { steps: 2, sigmas: [9, 1, 0] }],
    [
      { timesteps: 'ays', steps: 8 },
      { steps: 8, timesteps: 'ays' },
    ],
  ])('%j is a schedule of its own length', async (values, settings) => {
    expect(await parse({ ...good, strength: 1, ...values })).toMatchObject({ settings });
  });

  it.each([
    [{ timesteps: [900, 900] }, /Expected timesteps to be "ays", or timesteps .* each lower/],
    [{ sigmas: [0] }, /Expected sigmas to be a list of two or more/],
    [{ timesteps: [900, 100], steps: 5 }, /Expected steps to be 2, as timesteps says, got 5/],
    [{ timesteps: [900], sigmas: [9, 0] }, /Expected timesteps or sigmas, got both/],
  ])('%j is refused', async (values, message) => {
    expect(errorOf(await parse({ ...good, strength: 1, ...values }))).toMatchObject({
      code: 'ROW_FIELD_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('completes a row with the documented defaults', async () => {
    expect(await parse(good)).toEqual({
      ...origin,
      id: null,
      source: { kind: 'file', path: '/data/cat.png' },
      sourceText: 'cat.png',
      settings: {
        prompt: 'a cat',
        negativePrompt: '',
        strength: 0.3,
        steps: 50,
        guidanceScale: 5,
        seed: 77,
        adaptiveGuidance: null,
        cacheInterval: 1,
        cacheDepth: 2,
        timesteps: null,
        sigmas: null,
        scheduler: null,
        eta: 0,
        rng: 'torch-cpu',
        variationSeed: null,
        variationStrength: 0,
        etaNoiseSeedDelta: 0,
        vaeSample: 'sample',
        promptSyntax: 'plain',
        negativeEmbedding: 'prompt',
        guidanceRescale: 0,
        guidanceStart: 0,
        guidanceEnd: 1,
        freeu: null,
        aestheticScore: 6,
        negativeAestheticScore: 2.5,
        originalSize: null,
        targetSize: null,
        cropsCoordsTopLeft: [0, 0],
        negativeOriginalSize: null,
        negativeTargetSize: null,
        negativeCropsCoordsTopLeft: [0, 0],
        denoisingStart: null,
        denoisingEnd: null,
      },
      fit: 'pad',
      encoding: { format: 'png', quality: null, bitDepth: 8, metadata: true },
      output: null,
      stem: 'cat',
      extra: {},
    });
  });

  it('takes every key from the row', async () => {
    const row = await parse({
      ...good,
      negative_prompt: 'ugly',
      strength: 0.5,
      steps: 20,
      guidance_scale: 0,
      seed: 0,
      scheduler: 'DDIMScheduler',
      aesthetic_score: 7,
      negative_aesthetic_score: 1,
      original_size: [1, 2],
      target_size: [3, 4],
      crops_coords_top_left: [5, 6],
      negative_original_size: [7, 8],
      negative_target_size: [9, 10],
      negative_crops_coords_top_left: [11, 12],
      denoising_start: 0.25,
      denoising_end: 0.75,
      fit: 'resize',
      id: 'x',
      output: 'sub/out',
    });
    expect(row).toMatchObject({
      id: 'x',
      fit: 'resize',
      output: 'sub/out.png',
      settings: {
        prompt: 'a cat',
        negativePrompt: 'ugly',
        strength: 0.5,
        steps: 20,
        guidanceScale: 0,
        seed: 0,
        scheduler: 'DDIMScheduler',
        aestheticScore: 7,
        negativeAestheticScore: 1,
        originalSize: [1, 2],
        targetSize: [3, 4],
        cropsCoordsTopLeft: [5, 6],
        negativeOriginalSize: [7, 8],
        negativeTargetSize: [9, 10],
        negativeCropsCoordsTopLeft: [11, 12],
        denoisingStart: 0.25,
        denoisingEnd: 0.75,
      },
    });
  });

  it('lets the row beat the option and the option the default, zero and empty values included', async () => {
    const options: RowValues = {
      prompt: 'all',
      seed: 0,
      guidance_scale: 1,
      strength: 0.9,
      negative_prompt: 'bad',
      fit: 'resize',
    };
    expect(await parse({ image: 'a.png', prompt: '', strength: 0.5, negative_prompt: '' }, options)).toMatchObject({
      fit: 'resize',
      settings: { prompt: '', seed: 0, guidanceScale: 1, strength: 0.5, negativePrompt: '', steps: 50 },
    });
    expect(await parse({ image: 'a.png', fit: 'pad' }, options)).toMatchObject({
      fit: 'pad',
      settings: { prompt: 'all' },
    });
  });

  it.each([
    [
      { image: 'cat.png' },
      'ROW_FIELD_MISSING',
      /Expected a prompt.*--prompt.*"cat\.txt" beside the picture \(m\.jsonl, line 3\)$/,
    ],
    [{ prompt: 'a' }, 'ROW_FIELD_MISSING', /Expected an image/],
    [{ ...good, latents: 'l.npy' }, 'ROW_FIELD_INVALID', /found both/],
    [{ ...good, strength: 1.5 }, 'ROW_FIELD_INVALID', /from 0 to 1, got 1\.5 \(m\.jsonl, line 3\)$/],
    [{ ...good, steps: 0 }, 'ROW_FIELD_INVALID', /steps to be an integer from 1/],
    [{ ...good, steps: 2 }, 'ROW_FIELD_INVALID', /got 2 × 0\.3: no step would run; raise steps to 4 or more/],
    [{ ...good, strength: 0.019 }, 'ROW_FIELD_INVALID', /raise steps to 53 or more, or strength to 0\.02 or more/],
    [{ ...good, strength: 0 }, 'ROW_FIELD_INVALID', /50 × 0: no step would run; raise strength/],
    [{ ...good, strength: 1e-300 }, 'ROW_FIELD_INVALID', /no step would run; raise strength/],
    [
      { ...good, strength: 0.29, steps: 100, denoising_end: 0.5, denoising_start: 0.5 },
      'ROW_FIELD_INVALID',
      /below denoising_end, got 0\.5 and 0\.5/,
    ],
    [{ ...good, seed: 2 ** 53 }, 'ROW_FIELD_INVALID', /2\^53-1/],
    [{ ...good, scheduler: 'eulerdiscretescheduler' }, 'ROW_FIELD_INVALID', /did you mean EulerDiscreteScheduler\?/],
    [{ ...good, scheduler: 'Align Your Steps' }, 'ROW_FIELD_INVALID', /is timesteps "ays" here \(--timesteps ays\)/],
    [
      { ...good, scheduler: 'DPM++ 2S a' },
      'ROW_FIELD_INVALID',
      /no equivalent here; the nearest are Euler a and DPM2 a/,
    ],
    [{ ...good, scheduler: 'karras' }, 'ROW_FIELD_INVALID', /Karras is a spacing: .* such as DPM\+\+ 2M Karras/],
    [{ ...good, scheduler: 'DPM++' }, 'ROW_FIELD_INVALID', /choose one of DDIMScheduler, DDPMScheduler/],
    [{ ...good, output: '../x.png' }, 'ROW_FIELD_INVALID', /inside the output folder/],
    [{ ...good, id: 7 }, 'ROW_FIELD_INVALID', /id to be text that is not empty, got 7; write it in quotes/],
    [{ prompt: 'a', latents: 'l.ckpt' }, 'ROW_FIELD_INVALID', /\.npy/],
  ])('refuses %j', async (values, code, message) => {
    const error = errorOf(await parse(values));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('says everything that is wrong, and keeps what could be read', async () => {
    const row = await parse({ image: 'cat.png', strength: 2, steps: 'many', id: 'x' }, { seed: 5 }, { name: 'n' });
    expect(row).toMatchObject({
      ...origin,
      id: 'x',
      sourceText: 'cat.png',
      extra: { name: 'n' },
      settings: { seed: 5 },
    });
    expect(Object.keys(row.settings)).not.toEqual(expect.arrayContaining(['strength']));
    expect(Object.keys(row.settings)).toHaveLength(31);
    expect(errorOf(row).message).toMatch(/strength to be.*\. Expected steps to be.*\. Expected a prompt/);
  });

  it('does not ask for a step when denoising_start decides, and treats 0 and 1 as not given', async () => {
    expect(await parse({ ...good, strength: 0, denoising_start: 0.8 })).toMatchObject({
      settings: { denoisingStart: 0.8 },
    });
    expect(errorOf(await parse({ ...good, strength: 0, denoising_start: 0 })).code).toBe('ROW_FIELD_INVALID');
    expect(await parse({ ...good, denoising_start: 1, denoising_end: 0 })).toMatchObject({
      settings: { denoisingStart: null, denoisingEnd: null },
    });
  });

  it('refuses a key under two of its names', async () => {
    const raw = {
      line: 3,
      known: [
        ['steps', 5, 'steps'],
        ['steps', 6, 'num_inference_steps'],
      ] as [RowKeyName, unknown, string][],
      extra: {},
    };
    const row = await parseRow(raw, origin, '/data', { options: {}, runSeed: 1 });
    expect(errorOf(row).message).toContain('Expected steps once, found "steps" and "num_inference_steps"');
  });

  it('takes latents instead of an image', async () => {
    expect(await parse({ prompt: 'a', latents: 'l.safetensors', output: 'out.safetensors' })).toMatchObject({
      source: { kind: 'latents', path: '/data/l.safetensors' },
      sourceText: 'l.safetensors',
      output: 'out.safetensors',
    });
  });
});
