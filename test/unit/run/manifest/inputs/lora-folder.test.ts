import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findIn, MAX_FOUND_LORAS, openLoraFolder } from '#src/run/manifest/inputs/lora-folder.js';
import { manifestOf, jsonl, readAll } from '../manifests.js';

const folderOf = (...names: string[]): string => manifestOf(Object.fromEntries(names.map((name) => [name, '']))).cwd;

const run = { name: 'ink', file: '/elsewhere/ink.safetensors', weight: 1 };

it.each([
  ['mist', 'mist'],
  ['mist.safetensors', 'mist'],
  ['MIST', 'mist'],
  ['styles/wash.v2', 'wash.v2'],
  ['styles\\wash.v2.safetensors', 'wash.v2'],
  ['wash.v2', 'wash.v2'],
  ['./mist', 'mist'],
  ['re\u0301sume\u0301', 'résumé'],
  ['grain', 'grain'],
  ['old', 'old'],
  ['a/twin', 'a/twin'],
  ['b/twin', 'b/twin'],
  ['paper', 'paper'],
  ['sub/ink', 'sub/ink'],
])('finds %s', async (name, expected) => {
  const folder = folderOf(
    ...[
      'mist.safetensors',
      'styles/wash.v2.safetensors',
      'r\u00e9sum\u00e9.safetensors',
      'grain.safetensors',
      'grain.pt',
    ],
    ...['old.ckpt', 'a/twin.safetensors', 'b/twin.safetensors', 'paper.safetensors', 'x/paper.safetensors'],
    ...['sub/ink.safetensors', 'mist.png', 'mist.txt'],
  );
  const loras = await openLoraFolder(folder, [run]);
  const found = loras.find(name);
  expect(found).toEqual({ name: expected === 'paper' ? 'paper' : expected });
  const [choice] = loras.choose();
  expect(choice).toMatchObject({ name: expected, weight: 0, mayNotFit: true });
  expect(choice?.file.startsWith(folder)).toBe(true);
  if (name === 'grain') expect(choice?.file).toMatch(/grain\.safetensors$/);
});

it('finds no file outside the folder, and reports missing and ambiguous names', async () => {
  const root = folderOf('loras/a/twin.safetensors', 'loras/b/twin.safetensors', 'secret.safetensors', 'loras/x.png');
  const loras = await openLoraFolder(join(root, 'loras'), []);
  for (const name of [
    '../secret',
    '..\\secret',
    join(root, 'secret'),
    'a/../../secret',
    '/etc/passwd',
    'x.png',
    'x',
    '',
  ]) {
    expect(loras.find(name)).toEqual({ problem: expect.stringContaining('--lora-dir has no such file') as string });
  }
  expect(loras.find('twin')).toEqual({
    problem: expect.stringMatching(/"a\/twin.*" and "b\/twin.*" have that name/) as string,
  });
  expect(loras.choose()).toEqual([]);
  await expect(openLoraFolder(join(root, 'none'), [])).rejects.toMatchObject({ code: 'USAGE_OPTION_INVALID' });
});

it('finds a renamed file by its own name for itself, after the names of files', async () => {
  const named = (name: string, before = ''): Uint8Array => {
    const metadata = { ss_tag_frequency: before, ss_comment: '{"ss_output_name":"no"}', ss_output_name: name };
    const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header]);
  };
  const { cwd } = manifestOf({
    'a.safetensors': named('ink_wash "v2"', 'x'.repeat(100_000)),
    'b.safetensors': named('twin'),
    'c.safetensors': named('twin'),
    'd.safetensors': named('a'),
    'e.safetensors': '{"ss_output_name":"broken"}',
    'f.safetensors': named('../a'),
  });
  const { find, listed } = await openLoraFolder(cwd, []);
  expect(find('Ink_Wash "v2"')).toEqual({ name: 'a' });
  expect(find('a')).toEqual({ name: 'a' });
  expect(find('twin')).toEqual({ problem: expect.stringContaining('have that name') as string });
  for (const name of ['no', 'broken']) expect(find(name)).toEqual({ problem: '--lora-dir has no such file' });
  expect(findIn(listed())('ink_wash "v2"')).toEqual({ name: 'a' });
});

it('takes links to files', async () => {
  const root = folderOf('store/mist.safetensors');
  mkdirSync(join(root, 'loras'));
  symlinkSync(join(root, 'store/mist.safetensors'), join(root, 'loras/fog.safetensors'));
  expect((await openLoraFolder(join(root, 'loras'), [])).find('fog')).toEqual({ name: 'fog' });
});

it('opens the first of too many, tells rows of the others and of those that do not fit', async () => {
  const names = Array.from({ length: MAX_FOUND_LORAS + 1 }, (_, n) => `lora-${n}`);
  const folder = folderOf(...names.map((name) => `${name}.safetensors`));
  const loras = await openLoraFolder(folder, []);
  expect(() => {
    loras.findAll();
  }).toThrow(`at most ${MAX_FOUND_LORAS} LoRAs`);
  for (const name of names) expect(loras.find(name)).toEqual({ name });
  expect(loras.choose(new Set(['lora-2', 'lora-1'])).map(({ name }) => name)).toEqual(['lora-1', 'lora-2']);
  expect(loras.choose()).toHaveLength(MAX_FOUND_LORAS);
  loras.leaveOut({ 'lora-0': 'it is of another model' });
  expect(loras.find('lora-0')).toEqual({ problem: 'it is of another model' });
  expect(loras.find('lora-1')).toEqual({ name: 'lora-1' });
  expect(loras.find(names.at(-1)!)).toEqual({
    problem: expect.stringContaining(`more than ${MAX_FOUND_LORAS}`) as string,
  });
});

it('gives rows what their tags and weights name', async () => {
  const folder = folderOf('styles/mist.safetensors');
  const loras = await openLoraFolder(folder, [run]);
  const rows = jsonl(
    { image: 'a.png', prompt: 'x <lora:styles/mist:0.5> <lora:none:1>', prompt_syntax: 'a1111' },
    { image: 'a.png', prompt: 'x', lora_weights: { mist: 2 } },
    { image: 'a.png', prompt: 'x', lora_weights: { fog: 2 } },
    { image: 'a.png', prompt: 'x' },
  );
  const manifest = manifestOf({ 'm.jsonl': rows }, { loras: [run], findLora: loras.find });
  writeFileSync(join(manifest.cwd, 'a.png'), '');
  expect(await readAll(manifest)).toMatchObject([
    {
      settings: { loraWeights: { ink: 1, mist: 0.5 } },
      warnings: [expect.stringContaining('Removed <lora:none:1>')],
    },
    { settings: { loraWeights: { ink: 1, mist: 2 } } },
    { error: { code: 'ROW_FIELD_INVALID', message: expect.stringContaining('--lora-dir has no such file') as string } },
    { settings: { loraWeights: { ink: 1 } } },
  ]);
});
