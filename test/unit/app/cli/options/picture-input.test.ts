/** What `sdxl-refine <picture>` says of inputs that are not one picture. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellWords } from '#src/app/cli/completion/shell-words.js';
import { expectOnePicture } from '#src/app/cli/options/picture-input.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
mkdirSync(join(folder, 'pics'));
for (const name of ['a.png', 'b.png']) writeFileSync(join(folder, name), 'a picture');
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const expectOne = (inputs: readonly string[], words: readonly string[] = inputs): Promise<string> =>
  expectOnePicture(inputs, { words, cwd: folder });

it.each([
  [['a.png'], 'a.png'],
  [['https://example.com/a b'], 'https://example.com/a b'],
])('%j is one picture', async (inputs, expected) => {
  expect(await expectOne(inputs)).toBe(expected);
});

it.each<[string, string[], string[], string]>([
  ['a folder keeps the options', ['pics'], ['pics', '-p', 'a cat'], "sdxl-refine batch pics -p 'a cat'"],
  ['the command is not repeated', ['pics'], ['refine', '-s', '0.2', 'pics'], 'sdxl-refine batch -s 0.2 pics'],
  ['several pictures', ['a.png', 'b.png'], ['a.png', 'b.png', '-p', 'x'], 'sdxl-refine batch a.png b.png -p x'],
  ['a pattern is quoted', ['*.png'], ['*.png'], "sdxl-refine batch '*.png'"],
  ['object storage', ['s3://bucket/x.png'], ['s3://bucket/x.png', '-p', 'a'], 'batch s3://bucket/x.png -p a'],
  ['a prompt without its option', ['a.png', 'a cat'], [], "sdxl-refine a.png -p 'a cat'"],
])('%s', async (_, inputs, words, command) => {
  await expect(expectOne(inputs, words)).rejects.toMatchObject({
    code: 'USAGE_CONFLICT',
    message: expect.stringContaining(command) as string,
  });
});

it.each<[string, string[], string[]]>([
  [
    'nothing is expanded',
    ['a.png', 'b.png', '-p', "it's $HOME `id` $(id) \\"],
    ['a.png', 'b.png', '-p', "it's $HOME `id` $(id) \\"],
  ],
  ['a long prompt is left out whole', ['a.png', 'b.png', '-p', 'x '.repeat(50)], ['a.png', 'b.png', '-p', '…']],
  [
    'a file for one picture is no folder',
    ['a.png', 'b.png', '-o', 'out.png', '-s', '1'],
    ['a.png', 'b.png', '-s', '1'],
  ],
  ['in each spelling', ['a.png', '-oout.png', '--output=out.png', '--output', 'o.png', 'b.png'], ['a.png', 'b.png']],
  ['a secret is left out', ['https://u:pw@h/x.png?sig=S', 'b.png'], ['https://h/x.png?…', 'b.png']],
])('in a suggested command line, %s', async (_, words, expected) => {
  const { message } = (await expectOne(['a.png', 'b.png'], words).catch((thrown: unknown) => thrown)) as Error;
  const [, line = ''] = message.split('For that: ');
  expect(shellWords(line)).toEqual(['sdxl-refine', 'batch', ...expected]);
});

it('a long command line is cut', async () => {
  const words = Array.from({ length: 10_000 }, (_, index) => `${index}.png`);
  await expect(expectOne(words)).rejects.toThrow(/^Expected one picture, found 10000 pictures\..{0,200}…$/);
});

it('a secret in a URI is not repeated', async () => {
  const refused = expectOne(['s3://bucket:hunter2@host/x.png']);
  await expect(refused).rejects.toMatchObject({ code: 'STORE_URI_INVALID' });
  await expect(refused).rejects.not.toThrow(/hunter2/);
});
