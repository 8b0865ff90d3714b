/** What the base model hands on to the refiner, on the disk between the two: memory holds one row, and a killed run goes on. */
import { createHash } from 'node:crypto';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePicture } from '../image/encode-picture.js';
import { loadPicture } from '../image/load-picture.js';
import type { GenerateJob, LatentsData, RefineJob, RefineReply } from '../records.js';
import { writeAtomically } from '../results/write-atomically.js';
import { encodeLatents } from '../weights/encode-latents.js';
import { readLatents } from '../weights/read-latents.js';
import { exists } from './check-outputs.js';

export interface HandedOn {
  input: RefineJob['input'];
  /** Where the job keeps them. */
  latents: LatentsData | null;
}

/** Files of one run, named by the digest of what made them. */
export interface HandedOnFiles {
  keyOf: (job: GenerateJob, modelDigest: string) => string;
  has: (key: string, job: GenerateJob) => Promise<boolean>;
  /** @throws OUTPUT_UNWRITABLE */
  write: (key: string, reply: RefineReply) => Promise<void>;
  /** @throws LATENTS_INVALID IMAGE_UNREADABLE, when somebody took them */
  read: (key: string, job: GenerateJob) => Promise<HandedOn>;
  remove: (key: string) => Promise<void>;
  /** Of an earlier run, which none goes on with. */
  removeAll: () => Promise<void>;
  /** Removes the folder, unless rows that failed have files there. */
  close: () => Promise<void>;
}

const PNG = { format: 'png', quality: null, bitDepth: 8, metadata: false } as const;

/** @param folder is made with the first file */
export const handedOnFiles = (folder: string): HandedOnFiles => {
  const latentsFile = (key: string): string => join(folder, `${key}.safetensors`);
  const pictureFile = (key: string): string => join(folder, `${key}.png`);
  const filesOf = (key: string, { output, keepLatents }: GenerateJob): string[] => [
    ...(output === 'pixels' ? [pictureFile(key)] : []),
    ...(output === 'latents' || keepLatents ? [latentsFile(key)] : []),
  ];
  return {
    keyOf: (job, modelDigest) =>
      createHash('sha256')
        .update(JSON.stringify([modelDigest, job]))
        .digest('hex'),
    has: async (key, job) => (await Promise.all(filesOf(key, job).map(exists))).every(Boolean),
    write: async (key, { output, latents }) => {
      const kept = output.kind === 'latents' ? output.latents : latents;
      if (kept !== undefined) await writeAtomically(latentsFile(key), encodeLatents(kept));
      if (output.kind === 'pixels') await writeAtomically(pictureFile(key), await encodePicture(output.pixels, PNG));
    },
    read: async (key, { output, keepLatents }) => {
      const latents = output === 'latents' || keepLatents ? await readLatents(latentsFile(key)) : null;
      if (output === 'latents' && latents !== null) return { input: { kind: 'latents', latents }, latents };
      const { pixels } = await loadPicture(await readFile(pictureFile(key)), pictureFile(key));
      return { input: { kind: 'pixels', pixels }, latents };
    },
    remove: async (key) => {
      await Promise.all([latentsFile(key), pictureFile(key)].map((file) => rm(file, { force: true })));
    },
    removeAll: () => rm(folder, { recursive: true, force: true }),
    close: () => rmdir(folder).catch(() => undefined),
  };
};
