/**
 * Puts into models/ what is tracked once and shipped twice, so that a clone is lighter: the bundled base model has the VAE of the
 * bundled refiner. Whatever installs, builds or packs a checkout calls it.
 *
 * usage: node scripts/complete-models.mjs [a checkout's folder]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { root } from './steps.mjs';
import { bytesIfThere, sha256, writeWhole } from './whole-file.mjs';

/** Under models/: what is made, and the tracked file that it is a copy of. */
export const COPIES = {
  'emoji-base/vae/diffusion_pytorch_model.safetensors': 'emoji-refiner/vae/diffusion_pytorch_model.fp16.safetensors',
};

/** @returns whether all is there, each file with the digest in its model's SHA256SUMS; why not is on stderr */
export const completeModels = (checkout = root) =>
  Object.entries(COPIES).every(([made, original]) => {
    const models = join(checkout, 'models');
    const digest = listedDigest(models, made);
    const there = bytesIfThere(join(models, made));
    if (there !== null && sha256(there) === digest) return true;
    const bytes = bytesIfThere(join(models, original));
    const found = bytes === null ? 'there is no such file' : `it has ${sha256(bytes)}`;
    if (bytes === null || sha256(bytes) !== digest) {
      console.error(
        `Expected models/${original} to have the SHA-256 ${digest}, as the SHA256SUMS of its copy models/${made} says; ${found}. ` +
          `Get it back: git checkout -- models/${original}. After an export of new weights: node scripts/make-model-digests.mjs`,
      );
      return false;
    }
    writeWhole(join(models, made), bytes);
    return true;
  });

const listedDigest = (models, path) => {
  const [name, ...inside] = path.split('/');
  const sums = readFileSync(join(models, name, 'SHA256SUMS'), 'utf8').split('\n');
  return sums.find((line) => line.endsWith(`  ${inside.join('/')}`))?.split(' ')[0] ?? 'of no line';
};

if (argv[1] === fileURLToPath(import.meta.url) && !completeModels(argv[2])) process.exitCode = 1;
