/** What made a picture, as values of a row's keys. */
import { open, readFile, stat } from 'node:fs/promises';
import { systemCodeOf } from '../errors.js';
import { MAX_FILE_BYTES } from '../image/limits.js';
import type { RowValues } from '../manifest/row-keys.js';
import type { GenerationFacts } from '../metadata/facts.js';
import { mapSampler } from '../metadata/map-sampler.js';
import { readGenerationFacts } from '../metadata/read-generation-facts.js';

/** Where nearly every program's text is in PNG and JPEG, so that a folder's pictures aren't read whole to find prompts. */
const HEAD_BYTES = 128 * 1024;

const readHead = async (path: string, bytes: number): Promise<Uint8Array> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const readFacts = async (path: string): Promise<GenerationFacts | null> => {
  // Asked before anything is opened: opening a pipe waits for a writer.
  const stats = await stat(path);
  if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return null;
  const facts = readGenerationFacts(await readHead(path, Math.min(stats.size, HEAD_BYTES)));
  const isEnough = stats.size <= HEAD_BYTES || (facts !== null && facts.program !== 'unknown');
  return isEnough ? facts : readGenerationFacts(await readFile(path));
};

const withoutNulls = (values: Record<string, unknown>): RowValues =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

/** @returns `{}` too when the file can't be read: that is said where the picture is needed */
export const readPictureFacts = async (path: string): Promise<RowValues> => {
  const facts = await readFacts(path).catch((thrown: unknown) => {
    if (systemCodeOf(thrown) === undefined) throw thrown;
    return null;
  });
  if (facts === null) return {};
  const { prompt, negativePrompt, seed, steps, guidanceScale, width, height, noise = {} } = facts;
  return withoutNulls({
    prompt,
    negative_prompt: negativePrompt,
    seed,
    steps,
    scheduler: mapSampler(facts),
    guidance_scale: guidanceScale,
    original_size: width === null || height === null ? null : [height, width],
    rng: facts.program === 'comfyui' ? 'comfy' : (noise.rng ?? null),
    vae_sample: noise.vaeSample ?? null,
    variation_seed: noise.variationSeed ?? null,
    variation_strength: noise.variationStrength ?? null,
    eta_noise_seed_delta: noise.etaNoiseSeedDelta ?? null,
  });
};
