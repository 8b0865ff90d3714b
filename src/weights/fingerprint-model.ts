/** A digest that tells models apart without reading gigabytes, for results and for resuming. */
import { createHash, type Hash } from 'node:crypto';
import { basename } from 'node:path';
import type { ModelFolder } from './model-folder.js';
import { openSafetensors } from './open-safetensors.js';
import { readUpTo, withFile } from './with-file.js';

/** Fine-tunes of one model have equal names, sizes and headers, so some of the data has to be looked at. */
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/**
 * SHA-256, hexadecimal, over every configuration and, for every file of weights, its name, size, header and evenly
 * spaced samples of its data. Equal models in two folders have equal digests; it is no proof against an attacker.
 * @throws WEIGHTS_FILE_MISSING, WEIGHTS_HEADER_INVALID
 */
export const fingerprintModel = async (model: ModelFolder): Promise<string> => {
  const hash = createHash('sha256');
  const { index, schedulerConfig, unet, vae, textEncoder, textEncoder2 } = model;
  const { className, requiresAestheticsScore, forceZerosForEmptyPrompt } = index;
  hash.update(JSON.stringify([className, requiresAestheticsScore, forceZerosForEmptyPrompt, schedulerConfig]));
  for (const part of [unet, vae, textEncoder, textEncoder2]) {
    hash.update(JSON.stringify(part?.config ?? null));
    for (const path of part?.weightFiles ?? []) await addFile(hash, path);
  }
  return hash.digest('hex');
};

const addFile = async (hash: Hash, path: string): Promise<void> => {
  const { file, fileSize, headerDigest } = await openSafetensors(path);
  hash.update(JSON.stringify([basename(path), fileSize, headerDigest]));
  await withFile(file, async (handle) => {
    for (let i = 0; i < SAMPLES; i++) {
      hash.update(await readUpTo(handle, Math.floor((fileSize * i) / SAMPLES), SAMPLE_BYTES));
    }
  });
};
