/** What other programs call a picture and its prompt. */
import { generateRowParser } from '#src/run/manifest/rows/parse-generate-row.js';
import { parseRequest } from '#src/app/server/requests/parse-request.js';
import { jsonl, manifestOf, messageOf, readAll } from './manifests.js';

const settingsOf = async (file: string, content: string) =>
  (await readAll(manifestOf({ [file]: content }))).map((row) => [row.sourceText, row.settings.prompt, row.extra]);

it('reads file_name and text or caption in JSON lines, row by row', async () => {
  const rows = jsonl(
    { file_name: '1.png', text: 'one' },
    { file_name: '2.png', caption: 'two' },
    { file_name: '3.png', prompt: 'three', text: 'other' },
    { file_name: '4.png', text: 'four', caption: 'other', image: null, prompt: null },
    { image: '5.png', file_name: 'five', prompt: 'five', caption: ['a'], filename: 'x', texts: 1 },
    { file_name: '6.png', text: null, caption: 'six' },
  );
  expect(await settingsOf('metadata.jsonl', rows)).toEqual([
    ['1.png', 'one', {}],
    ['2.png', 'two', {}],
    ['3.png', 'three', { text: 'other' }],
    ['4.png', 'four', { caption: 'other' }],
    ['5.png', 'five', { file_name: 'five', caption: ['a'], filename: 'x', texts: 1 }],
    ['6.png', 'six', { text: null }],
  ]);
});

it('reads them in tables, by the header', async () => {
  expect(await settingsOf('metadata.csv', 'file_name;caption;text\n1.png;a;b\n2.png;c;\n')).toEqual([
    ['1.png', 'b', { caption: 'a' }],
    ['2.png', undefined, { caption: 'c' }],
  ]);
  expect(await settingsOf('m.tsv', 'image\tprompt\ttext\n1.png\ta\tb\n')).toEqual([['1.png', 'a', { text: 'b' }]]);
});

it.each(['image_path', 'filename', 'file', 'path'])('reads %s as the picture where there is no image', async (name) => {
  expect(await settingsOf('m.csv', `${name},prompt\na.png,p\n`)).toEqual([['a.png', 'p', {}]]);
  expect(await settingsOf('m.jsonl', jsonl({ [name]: 'a.png', prompt: 'p' }))).toEqual([['a.png', 'p', {}]]);
  const latents = { latents: 'a.npy', [name]: 'x', prompt: 'p' };
  expect(await settingsOf('m.jsonl', jsonl(latents))).toEqual([['a.npy', 'p', { [name]: 'x' }]]);
  expect(await settingsOf('m.csv', `latents,${name},prompt\na.npy,x,p\n`)).toEqual([['a.npy', 'p', { [name]: 'x' }]]);
});

it('reads the only *_file_name as the picture, as Hugging Face’s imagefolder does', async () => {
  for (const name of ['image_file_name', 'input_file_name']) {
    expect(await settingsOf('metadata.csv', `${name},text\na.png,p\n`)).toEqual([['a.png', 'p', {}]]);
    expect(await settingsOf('metadata.jsonl', jsonl({ [name]: 'a.png', text: 'p' }))).toEqual([['a.png', 'p', {}]]);
  }
  const pair = { conditioning_image_file_name: 'b.png', image_file_name: 'a.png', text: 'p' };
  expect(await settingsOf('metadata.jsonl', jsonl(pair))).toEqual([
    ['a.png', 'p', { conditioning_image_file_name: 'b.png' }],
  ]);
});

it('names several of them, and lists, instead of choosing one', async () => {
  const rows = jsonl(
    { input_file_name: 'a.png', edited_file_name: 'b.png', text: 'p' },
    { file_names: ['a.png'], text: 'p' },
  );
  const [pair, list] = await readAll(manifestOf({ 'metadata.jsonl': rows }));
  expect(messageOf(pair!)).toContain(
    '"input_file_name", "edited_file_name" may name several pictures; give each a row',
  );
  expect(messageOf(list!)).toContain('"file_names" may name several pictures');
  await expect(
    readAll(manifestOf({ 'metadata.csv': 'input_file_name,edited_file_name,text\na,b,p\n' })),
  ).rejects.toThrow('Rename one of "input_file_name", "edited_file_name" to image');
});

it('reads a seed in quotes, and shows all digits of one that is too large', async () => {
  const row = { image: 'a.png', prompt: 'p' };
  const rows =
    jsonl({ ...row, seed: '7' }, { ...row, seed: '18446744073709551615' }) +
    '{"image":"a.png","prompt":"p","seed":18446744073709551615}\n';
  const table = 'image,prompt,seed\na.png,p,7\na.png,p,18446744073709551615\n';
  const read = await readAll(manifestOf({ 'm.jsonl': rows, 'm.csv': table }));
  expect(read.map(({ settings }) => settings.seed)).toEqual([7, undefined, undefined, 7, undefined]);
  for (const at of [1, 2, 4]) expect(messageOf(read[at]!)).toMatch(/got "?18446744073709551615"? \(/);
});

it('reads what other programs write for a missing value as none, with a warning', async () => {
  const table = 'image,prompt,negative_prompt,seed,note\na.png,p,nan,NULL,None\nb.png,none of it,N/A cat,3,\n';
  const [missing, words] = await readAll(manifestOf({ 'm.csv': table }));
  expect(missing).toMatchObject({ settings: { prompt: 'p', negativePrompt: '' }, extra: { note: 'None' } });
  expect(missing!.warnings).toEqual([expect.stringContaining('negative_prompt (nan), seed (NULL)')]);
  expect(words).toMatchObject({ settings: { prompt: 'none of it', negativePrompt: 'N/A cat', seed: 3 } });
  expect(words!.warnings).toBeUndefined();
});

it('reads the settings of other programs that mean the same', async () => {
  const table = 'image,prompt,CFG scale,Sampler,Denoising strength,negativePrompt\na.png,p,7,Euler a,0.5,n\n';
  const settings = { guidanceScale: 7, scheduler: 'Euler a', strength: 0.5, negativePrompt: 'n' };
  const [fromTable] = await readAll(manifestOf({ 'm.csv': table }));
  expect(fromTable).toMatchObject({ settings, extra: {} });
  const row = { image: 'a.png', prompt: 'p', cfg: 7, sampler_name: 'euler_ancestral', denoising_strength: 0.5 };
  const [fromLine] = await readAll(manifestOf({ 'm.jsonl': jsonl({ ...row, negativePrompt: 'n' }) }));
  expect(fromLine).toMatchObject({ settings, extra: {} });
});

it.each([
  ['denoise', 'strength'],
  ['guidance', 'guidance_scale'],
  ['Sampling Steps', 'steps'],
])('ends the run at %s, which may mean another thing than %s', async (name, key) => {
  const rows = readAll(manifestOf({ 'm.jsonl': jsonl({ image: 'a.png', prompt: 'p', [name]: 1 }) }));
  await expect(rows).rejects.toMatchObject({
    code: 'MANIFEST_KEY_UNKNOWN',
    message: expect.stringContaining(`did you mean "${key}"?`) as string,
  });
});

/** Columns of a sampler, a cell or value of each, and the scheduler that they are, or what the row is refused for. */
const SAMPLERS: [names: string[], values: string[], expected: string | RegExp][] = [
  [['sampler_name', 'scheduler'], ['dpmpp_2m', 'karras'], 'DPM++ 2M Karras'],
  [['scheduler', 'sampler_name'], ['sgm_uniform', 'euler'], 'Euler SGM Uniform'],
  [['sampler_name', 'scheduler'], ['dpmpp_2m', 'normal'], 'DPM++ 2M'],
  [['sampler_name', 'scheduler'], ['euler', 'simple'], 'Euler Simple'],
  [['Sampler', 'Schedule type'], ['DPM++ 2M', 'Karras'], 'DPM++ 2M Karras'],
  [['Sampler', 'Schedule type'], ['DPM++ 2M', 'Automatic'], 'DPM++ 2M Karras'],
  [['scheduler', 'schedule_type'], ['Euler', 'Exponential'], 'Euler Exponential'],
  [
    ['sampler', 'scheduler'],
    ['Euler a', 'EulerAncestralDiscreteScheduler'],
    /"sampler" and "scheduler", which both mean/,
  ],
  [['sampler', 'scheduler'], ['Euler a', 'euler_ancestral'], 'Euler a'],
  [['sampler_name', 'scheduler'], ['dpmpp_2m', 'ddim'], 'DPM++ 2M DDIM'],
  [['sampler', 'scheduler'], ['Euler', 'UniPC'], /found "sampler" and "scheduler", which both mean it: remove one/],
  [['sampler_name', 'scheduler'], ['euler_ancestral', 'karras'], /Euler a does not support Karras/],
  [['sampler_name', 'scheduler'], ['dpmpp_2m', 'kl_optimal'], /KL Optimal has no equivalent/],
  [['scheduler'], ['karras'], /Karras is a spacing/],
  [['Schedule type'], ['Karras'], /Karras is a spacing/],
  [['sampler_name', 'scheduler'], ['dpmpp_2m', ''], 'DPM++ 2M'],
  [['sampler_name', 'scheduler', 'Schedule type'], ['', 'Euler', 'Automatic'], 'Euler'],
];

it.each(SAMPLERS)(
  '%j with %j is the scheduler %p, in a table, a line and a request',
  async (names, values, expected) => {
    const cells = names.map((name, at) => [name, values[at] === '' ? null : values[at]] as const);
    const table = `image,prompt,${names.join(',')}\na.png,p,${values.join(',')}\n`;
    const [fromTable] = await readAll(manifestOf({ 'm.csv': table }));
    const line = { image: 'a.png', prompt: 'p', ...Object.fromEntries(cells) };
    const [fromLine] = await readAll(manifestOf({ 'm.jsonl': jsonl(line) }));
    for (const row of [fromTable!, fromLine!]) {
      if (typeof expected === 'string') expect(row).toMatchObject({ settings: { scheduler: expected } });
      else expect(messageOf(row)).toMatch(expected);
    }
    const own = [['image', 'A'.repeat(64)] as const, ['prompt', 'p'] as const, ...cells];
    const bodies = [
      { data: [Object.fromEntries(own)] },
      { columns: own.map(([name]) => name), data: [own.map(([, value]) => value)] },
    ];
    for (const input_data of bodies) {
      const parsing = parseRequest({ input_data }, { options: {}, runSeed: 1 }, { maxRows: 1 });
      if (typeof expected !== 'string') await expect(parsing).rejects.toThrow(expected);
      else expect((await parsing)[0]).toMatchObject({ settings: { scheduler: expected } });
    }
  },
);

it('leaves schedules and generators of another kind names of one’s own', async () => {
  const own = { 'Schedule type': 'weekly', generator: 'midjourney' };
  const [row] = await readAll(manifestOf({ 'm.jsonl': jsonl({ image: 'a.png', prompt: 'p', ...own }) }));
  expect(row).toMatchObject({ extra: own });
  const [cells] = await readAll(manifestOf({ 'm.csv': 'image,prompt,generator\na.png,p,sdxl\n' }));
  expect(cells).toMatchObject({ extra: { generator: 'sdxl' } });
});

it.each(['sample', 'samples', 'cfgs', 'style', 'owner', 'clip_skip'])('leaves %s a name of one’s own', async (name) => {
  const [row] = await readAll(manifestOf({ 'm.jsonl': jsonl({ image: 'a.png', prompt: 'p', [name]: 'x' }) }));
  expect(row).toMatchObject({ extra: { [name]: 'x' } });
});

it('reads the text of a row of generate, and leaves its file name alone', async () => {
  const parse = generateRowParser({ mode: 'base', stageInput: 'latents', keepsLatents: false });
  const rows = await readAll(
    manifestOf({ 'm.jsonl': jsonl({ file_name: 'a.png', text: 'a fox' }) }, { command: 'generate', parse }),
  );
  expect(rows[0]).toMatchObject({ settings: { prompt: 'a fox' }, extra: { file_name: 'a.png' } });
});

it('refuses values that are no text', async () => {
  const [row] = await readAll(manifestOf({ 'm.jsonl': jsonl({ file_name: 'a.png', text: ['a', 'b'] }) }));
  expect(messageOf(row!)).toContain('Expected prompt to be text');
});

it('finds pictures beside the metadata', async () => {
  const manifest = manifestOf({ 'data/train/metadata.jsonl': jsonl({ file_name: 'sub/1.png', text: 'x' }) });
  const [row] = await readAll({ ...manifest, inputs: ['data'] });
  expect(row).toMatchObject({ source: { path: `${manifest.cwd}/data/train/sub/1.png` } });
});
