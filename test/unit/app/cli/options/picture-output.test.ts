/** Where the one picture goes, and who decides whether it may. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { mayWrite, outputEnding, placeOutput } from '#src/app/cli/options/picture-output.js';
import type { ProcessContext } from '#src/app/cli/process-context.js';
import type { PictureSource } from '#src/records/picture.js';
import type { Row } from '#src/records/row.js';
import { ROW } from '../../../run/results/records.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
const there = join(folder, 'there.png');
mkdirSync(join(folder, 'out'));
writeFileSync(there, 'mine');
writeFileSync(join(folder, 'cat.jpg'), 'a cat');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const row = (source: PictureSource, output: string): Row => ({ ...ROW, source, output });
const cat = row({ kind: 'file', path: join(folder, 'cat.jpg') }, 'cat.png');
const web = row({ kind: 'url', url: 'https://example.com/dog.png' }, 'dog.png');

it.each([
  ['out.JPG', '.jpg'],
  ['a/b.safetensors', '.safetensors'],
  ['out', null],
  ['new/', null],
  ['-', null],
  [undefined, null],
])('--output %p is of the format %p', async (output, expected) => {
  expect(await outputEnding(output, folder)).toBe(expected);
});

it.each(['new', 'cat.bmp', 'cat.'])('--output %p has no format', async (output) => {
  await expect(outputEnding(output, folder)).rejects.toMatchObject({ code: 'USAGE_OPTION_INVALID' });
});

it.each(['s3://bucket/y.png', 'https://me:secret@example.com/y.png', 'file:///tmp/y.png', 'GS://b/'])(
  '--output %p is no path of this machine',
  async (output) => {
    const refused = outputEnding(output, folder);
    await expect(refused).rejects.toMatchObject({
      code: 'USAGE_OPTION_INVALID',
      message: expect.stringMatching(/^Expected --output to be a path.*:\/\/\)\..*batch.*--output-dir s3:/) as string,
    });
    await expect(refused).rejects.not.toThrow(/secret|y\.png/);
  },
);

it.each<[string, Row, string | undefined, string]>([
  ['beside the picture', cat, undefined, 'cat-refined.png'],
  ['of a URL in the working directory', web, undefined, 'dog-refined.png'],
  ['a file', cat, 'new/b.webp', 'new/b.webp'],
  ['a folder that exists', cat, 'out', 'out/cat.png'],
  ['a folder to be made', cat, 'new/', 'new/cat.png'],
])('%s', async (_, of, output, expected) => {
  const place = await placeOutput(of, output, folder);
  expect(join(place.folder, place.name)).toBe(join(folder, expected));
  expect(place.shown).toBe(expected);
});

it('a picture without a name needs one', async () => {
  const inline = row({ kind: 'inline', text: 'data:,x' }, 'row-000000.png');
  await expect(placeOutput(inline, undefined, folder)).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
});

/** What a person at a terminal, or nobody, answers. @returns the error's code, or undefined where it may be written */
const decide = async (answer: string | null, isTTY: boolean, overwrite = false) => {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  if (answer === null) stdin.end();
  else stdin.write(answer);
  const context = { stdin, stderr } as unknown as ProcessContext;
  const target = { folder, name: 'there.png', shown: 'there.png' };
  const refused = await mayWrite(target, cat, { overwrite, context, signal: new AbortController().signal }).then(
    () => undefined,
    (thrown: unknown) => (thrown as { code: string }).code,
  );
  return [refused, String((stderr.read() as Buffer | null) ?? '')];
};

const QUESTION = 'there.png exists. Replace it? [y/N] ';

it.each<[string, string | null, string | undefined, string]>([
  ['y', 'y\n', undefined, QUESTION],
  ['Yes', 'Yes\n', undefined, QUESTION],
  ['no', 'n\n', 'OUTPUT_EXISTS', QUESTION],
  ['Enter', '\n', 'OUTPUT_EXISTS', QUESTION],
  ['the end of the input', null, 'OUTPUT_EXISTS', `${QUESTION}\n`],
])('a terminal asks: %s', async (_, answer, code, shown) => {
  expect(await decide(answer, true)).toEqual([code, shown]);
});

it('without a terminal nobody is asked, and the file stays unless --overwrite says so', async () => {
  expect(await decide('y\n', false)).toEqual(['OUTPUT_EXISTS', '']);
  expect(await decide(null, false, true)).toEqual([undefined, '']);
});

it('a stop ends the question', async () => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  const stop = new AbortController();
  const asked = mayWrite({ folder, name: 'there.png', shown: '' }, cat, {
    overwrite: false,
    context: { stdin, stderr } as unknown as ProcessContext,
    signal: stop.signal,
  });
  stderr.once('data', () => {
    stop.abort(new Error('stopped'));
  });
  await expect(asked).rejects.toThrow('stopped');
});

it('--overwrite replaces neither the picture itself nor a folder', async () => {
  const may = (name: string): Promise<void> =>
    mayWrite({ folder, name, shown: name }, cat, {
      overwrite: true,
      context: {} as ProcessContext,
      signal: new AbortController().signal,
    });
  await expect(may('cat.jpg')).rejects.toMatchObject({ code: 'OUTPUT_IS_INPUT' });
  await expect(may('out')).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
});
