/** Fingerprints of models without reading gigabytes, for results and `--resume`. */
import { createHash, type Hash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readUpTo, withFile } from '../../../io/files/open-file.js';
import type { ModelFiles, ModelComponent } from './model-files.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';

/** Fine-tunes of one model have equal names, sizes and headers, so some of the data is sampled. */
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/**
 * SHA-256, hexadecimal, over every configuration and, for every file of weights, its name, size, header and evenly
 * spaced samples of its data. Equal models in two folders have equal digests. It does not protect against an attacker.
 * @throws WEIGHTS_FILE_MISSING, WEIGHTS_HEADER_INVALID
 */
export const fingerprintModel = async (model: ModelFiles): Promise<string> => {
  const hash = createHash('sha256');
  const { index, scheduler, unet, vae, textEncoder, textEncoder2 } = model;
  const { className, requiresAestheticsScore, forceZerosForEmptyPrompt } = index;
  hash.update(JSON.stringify([className, requiresAestheticsScore, forceZerosForEmptyPrompt, scheduler]));
  const files = new Set<string>();
  for (const part of [unet, vae, textEncoder, textEncoder2]) {
    hash.update(JSON.stringify(part?.config ?? null));
    for (const path of part === null ? [] : await filesOf(part)) {
      /* A checkpoint is one file for all components. */
      if (!files.has(path)) await addFile(hash, path);
      files.add(path);
    }
  }
  return hash.digest('hex');
};

/** Fingerprint of one file. @throws WEIGHTS_FILE_MISSING, WEIGHTS_HEADER_INVALID */
export const fingerprintFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await addFile(hash, path);
  return hash.digest('hex');
};

/** An exported network may have its weights in a second file, `model.onnx_data`. */
const filesOf = async ({ form, weightFiles }: ModelComponent): Promise<readonly string[]> => {
  if (form === 'safetensors') return weightFiles;
  const files: string[] = [];
  for (const path of weightFiles) {
    const names = (await readdir(dirname(path))).filter((name) => name.startsWith(basename(path)));
    files.push(...names.sort().map((name) => join(dirname(path), name)));
  }
  return files;
};

const addFile = async (hash: Hash, path: string): Promise<void> => {
  const headerDigest = /\.safetensors$/i.test(path) ? (await openSafetensors(path)).headerDigest : null;
  await withFile(path, 'weights', async (handle, fileSize) => {
    hash.update(JSON.stringify([basename(path), fileSize, headerDigest]));
    for (let i = 0; i < SAMPLES; i++) {
      hash.update(await readUpTo(handle, Math.floor((fileSize * i) / SAMPLES), SAMPLE_BYTES));
    }
  });
};
