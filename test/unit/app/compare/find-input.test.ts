import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findInput } from '#src/app/compare/find-input.js';
import { folder } from '../../run/results/records.js';

const here = folder();
const first = join(here, 'first');
const second = join(here, 'second');
mkdirSync(join(first, 'a-folder.png'), { recursive: true });
mkdirSync(second);
for (const path of [join(first, 'both.png'), join(second, 'both.png'), join(second, 'one.png')])
  writeFileSync(path, 'x');
const options = { folders: [first, second], output: null, fetch: false, stores: [] };

describe('findInput', () => {
  it.each([
    ['both.png', join(first, 'both.png')],
    ['one.png', join(second, 'one.png')],
    ['../second/one.png', join(second, 'one.png')],
    [join(second, 'both.png'), join(second, 'both.png')],
    [pathToFileURL(join(second, 'one.png')).href, join(second, 'one.png')],
  ])('finds %s where the first folder has it', async (image, path) => {
    expect(await findInput(image, options)).toEqual({ source: { kind: 'file', path } });
  });

  it('never takes the row’s own output for its input', async () => {
    const found = await findInput('both.png', { ...options, output: join(first, 'both.png') });
    expect(found).toEqual({ source: { kind: 'file', path: join(second, 'both.png') } });
  });

  it('fetches from the web only when asked', async () => {
    const url = 'https://example.org/cat.png';
    expect(await findInput(url, options)).toEqual({ note: 'The input is a URL; --fetch downloads it.' });
    expect(await findInput(url, { ...options, fetch: true, stores: [] })).toEqual({ source: { kind: 'url', url } });
  });

  it.each([
    [null, 'The row has no input picture.'],
    [
      'data:image/png;base64,… (5000 characters)',
      'The input was embedded in the row; results keep only its beginning.',
    ],
    ['iVBORw0KGgoAAAAN… (5000 characters)', 'The input was embedded in the row; results keep only its beginning.'],
    ['x.safetensors', 'The input is latents, not a picture.'],
    ['none.png', 'none.png was not found. --inputs names the manifest’s folder.'],
    ['file://%zz', 'file://%zz was not found. --inputs names the manifest’s folder.'],
    ['a\0b', 'a\0b was not found. --inputs names the manifest’s folder.'],
    ['a-folder.png', `${join(first, 'a-folder.png')} is a folder, not a regular file; expected a picture.`],
  ])('says of %j why there is nothing to show', async (image, note) => {
    expect(await findInput(image, options)).toEqual({ note });
  });
});
