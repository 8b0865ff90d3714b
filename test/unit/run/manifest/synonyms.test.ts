/** What other programs call a picture and its prompt. */
import { generateRowParser } from '#src/run/manifest/rows/parse-generate-row.js';
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
  ['generator', 'seed'],
  ['Sampling Steps', 'steps'],
])('ends the run at %s, which may mean another thing than %s', async (name, key) => {
  const rows = readAll(manifestOf({ 'm.jsonl': jsonl({ image: 'a.png', prompt: 'p', [name]: 1 }) }));
  await expect(rows).rejects.toMatchObject({
    code: 'MANIFEST_KEY_UNKNOWN',
    message: expect.stringContaining(`did you mean "${key}"?`) as string,
  });
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
