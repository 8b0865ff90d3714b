/** The files that a clone does not carry: scripts/make-test-models.mjs and scripts/complete-models.mjs make them of what it does. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { goldenData, root } from '../../support/golden.js';
import { temporaryFolder } from '../../support/run-cli.js';

const DATA = 'test/golden/data';
const ENDING = '.recipe.json';
const CLIP = 'models/clip-tokenizer/merges.txt';
const ENCODER = `${DATA}/models/tiny-refiner/text_encoder_2/model.fp16.safetensors`;
const VAE = 'models/emoji-refiner/vae/diffusion_pytorch_model.fp16.safetensors';
const VAE_COPY = 'models/emoji-base/vae/diffusion_pytorch_model.safetensors';

const recipes = readdirSync(goldenData('made'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith(ENDING))
  .map((name) => ({
    path: `${DATA}/${name.replaceAll('\\', '/').slice(0, -ENDING.length)}`,
    ...(JSON.parse(readFileSync(goldenData('made', name), 'utf8')) as { sha256: string; bytes: number }),
  }));

const digestOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const SUMS = ['clip-tokenizer', 'emoji-base', 'emoji-refiner'].map((name) => `models/${name}/SHA256SUMS`);
const VOCABULARIES = [
  'clip-tokenizer',
  'emoji-base/tokenizer',
  'emoji-base/tokenizer_2',
  'emoji-refiner/tokenizer_2',
].map((name) => `models/${name}/vocab.json`);
const tracked = [`${DATA}/made`, ENCODER, CLIP, 'models/emoji-refiner/tokenizer_2/merges.txt', VAE, ...SUMS];

/** What is tracked of the files in question, and nothing that is made. */
const checkout = (): string => {
  const folder = temporaryFolder();
  for (const path of tracked) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  return folder;
};

const run = (script: string, folder: string): { code: number | null; stderr: string } => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', script), folder], { encoding: 'utf8' });
  return { code: status, stderr };
};

const damage = (file: string): void => {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
};

it('are what was tracked before: tests read these', () => {
  expect(recipes.length).toBe(14);
  for (const { path, sha256 } of recipes) expect([path, digestOf(join(root, path))]).toEqual([path, sha256]);
});

it('a clone makes each of them, byte for byte, and once', () => {
  const folder = checkout();
  expect(run('make-test-models.mjs', folder)).toEqual({ code: 0, stderr: expect.stringMatching(/^14 files made in /) });
  for (const { path, sha256 } of recipes) expect([path, digestOf(join(folder, path))]).toEqual([path, sha256]);
  expect(run('make-test-models.mjs', folder).stderr).toMatch(/^0 files made in /);
  const again = join(folder, DATA, 'models/tiny-refiner.sgm.safetensors');
  damage(again);
  expect(run('make-test-models.mjs', folder).stderr).toMatch(/^1 files made in /);
  expect(digestOf(again)).toBe(digestOf(goldenData('models/tiny-refiner.sgm.safetensors')));
});

it.each([
  [
    'a text encoder that changed',
    ENCODER,
    /tiny-refiner\S* to have the SHA-256 .*git checkout -- .*text_encoder_2\/model\.fp16/,
  ],
  [
    'a vocabulary that changed',
    CLIP,
    /clip-vocab\/merges\.txt to have the SHA-256 .*git checkout -- .*clip-tokenizer\/merges\.txt/,
  ],
  [
    'the rest of a network that changed',
    `${DATA}/made/models/tiny-refiner/vae/diffusion_pytorch_model.fp16.safetensors.rest`,
    /tiny-refiner\/vae\S* to have the SHA-256 .*git checkout -- .*\.recipe\.json .*\.rest.*mt19937/,
  ],
])('%s is refused by name, and nothing is left of it', (_, original, message) => {
  const folder = checkout();
  damage(join(folder, original));
  const { code, stderr } = run('make-test-models.mjs', folder);
  expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 });
  expect(stderr).toMatch(message);
  for (const { path, sha256 } of recipes.filter(({ path: made }) => existsSync(join(folder, made)))) {
    expect([path, digestOf(join(folder, path))]).toEqual([path, sha256]);
  }
});

it('an original that is no safetensors file any more is refused as well', () => {
  const folder = checkout();
  writeFileSync(join(folder, ENCODER), 'version https://git-lfs.github.com/spec/v1\n');
  expect(run('make-test-models.mjs', folder)).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^Expected \S+ to have the SHA-256 \w+, made it with none .*git checkout -- .*text_encoder_2/,
    ),
  });
});

it('an original that is not there is named', () => {
  const folder = checkout();
  rmSync(join(folder, ENCODER));
  expect(run('make-test-models.mjs', folder)).toEqual({
    code: 1,
    stderr: `Expected the file ${ENCODER}, found none. Get it back: git checkout -- ${ENCODER}\n`,
  });
});

it('the bundled models get what follows from tracked files, and never anything else', () => {
  const folder = checkout();
  expect(run('complete-models.mjs', folder)).toEqual({ code: 0, stderr: '' });
  for (const path of [VAE_COPY, 'models/emoji-base/tokenizer_2/merges.txt', ...VOCABULARIES]) {
    expect([path, digestOf(join(folder, path))]).toEqual([path, digestOf(join(root, path))]);
  }
  damage(join(folder, VAE_COPY));
  damage(join(folder, VAE));
  const { code, stderr } = run('complete-models.mjs', folder);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /Expected models\/emoji-base\/vae\/\S+, made of \S+, to have the SHA-256 e8fcac16.*; it has .*git checkout -- models\/emoji-refiner/,
  );
  rmSync(join(folder, VAE));
  expect(run('complete-models.mjs', folder).stderr).toMatch(/there is no such file/);
});
