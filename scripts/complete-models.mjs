/**
 * Puts into models/ what follows from tracked files, so that a clone is lighter: the bundled base model has the VAE and the tokenizer of
 * the bundled refiner, and a tokenizer's vocabulary follows from its merges. Whatever installs, builds or packs a checkout calls it.
 *
 * usage: node scripts/complete-models.mjs [a checkout's folder]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { vocabularyOf } from './clip-vocabulary.mjs';
import { root } from './steps.mjs';
import { bytesIfThere, sha256, writeWhole } from './whole-file.mjs';

const copyOf = (of) => ({ of, make: (bytes) => bytes });
const vocabularyFrom = (of) => ({ of, make: vocabularyOf });
const EMOJI_MERGES = 'emoji-refiner/tokenizer_2/merges.txt';

/** Under models/: what is made, the tracked file that it is made of, and how. */
export const MADE = {
  'emoji-base/vae/diffusion_pytorch_model.safetensors': copyOf(
    'emoji-refiner/vae/diffusion_pytorch_model.fp16.safetensors',
  ),
  'emoji-base/tokenizer/merges.txt': copyOf(EMOJI_MERGES),
  'emoji-base/tokenizer_2/merges.txt': copyOf(EMOJI_MERGES),
  'emoji-base/tokenizer/vocab.json': vocabularyFrom(EMOJI_MERGES),
  'emoji-base/tokenizer_2/vocab.json': vocabularyFrom(EMOJI_MERGES),
  'emoji-refiner/tokenizer_2/vocab.json': vocabularyFrom(EMOJI_MERGES),
  'clip-tokenizer/vocab.json': vocabularyFrom('clip-tokenizer/merges.txt'),
};

/** @returns whether all is there, each file with the digest in its model's SHA256SUMS; why not is on stderr */
export const completeModels = (checkout = root) =>
  Object.entries(MADE).every(([path, { of, make }]) => {
    const models = join(checkout, 'models');
    const digest = listedDigest(models, path);
    const there = bytesIfThere(join(models, path));
    if (there !== null && sha256(there) === digest) return true;
    const original = bytesIfThere(join(models, of));
    const bytes = original === null ? null : make(original);
    if (bytes === null || sha256(bytes) !== digest) {
      const found = bytes === null ? 'there is no such file' : `it has ${sha256(bytes)}`;
      console.error(
        `Expected models/${path}, made of models/${of}, to have the SHA-256 ${digest} of its SHA256SUMS; ${found}. ` +
          `Get it back: git checkout -- models/${of}. After an export of new weights: node scripts/make-model-digests.mjs`,
      );
      return false;
    }
    writeWhole(join(models, path), bytes);
    return true;
  });

const listedDigest = (models, path) => {
  const [name, ...inside] = path.split('/');
  const sums = readFileSync(join(models, name, 'SHA256SUMS'), 'utf8').split('\n');
  return sums.find((line) => line.endsWith(`  ${inside.join('/')}`))?.split(' ')[0] ?? 'of no line';
};

if (argv[1] === fileURLToPath(import.meta.url) && !completeModels(argv[2])) process.exitCode = 1;
