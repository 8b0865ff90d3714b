import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('with vocabulary and merges only, defaults are CLIP’s', async () => {
  await writeFile(join(folder, 'vocab.json'), '{"a</w>":0,"<|startoftext|>":1,"<|endoftext|>":2}');
  await writeFile(join(folder, 'merges.txt'), '');
  const ids = (await readTokenizer(folder)).encode('a');
  expect(ids).toHaveLength(77);
  expect([...ids.subarray(0, 4)]).toEqual([1, 0, 2, 2]);
});

it('an empty folder names the missing file', async () => {
  await expect(readTokenizer(folder)).rejects.toMatchObject({
    code: 'MODEL_CONFIG_INVALID',
    context: { file: `${folder}/vocab.json` },
  });
});

it('an unreadable file is named', async () => {
  await mkdir(join(folder, 'vocab.json'));
  await expect(readTokenizer(folder)).rejects.toMatchObject({
    code: 'MODEL_CONFIG_INVALID',
    context: { file: join(folder, 'vocab.json') },
  });
});

it('an oversized file is refused', async () => {
  await writeFile(join(folder, 'vocab.json'), Buffer.alloc(2 ** 24 + 1, 32));
  await expect(readTokenizer(folder)).rejects.toThrow(/a tokenizer's file may have at most/);
});
