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
