/** Stage handoff: stores the base model's output on disk for the refiner, to save memory and to resume a killed run. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodePicture } from '../../media/image/encode-picture.js';
import { loadPicture } from '../../media/image/load-picture.js';
import { readPictureFile } from '../../media/image/read-file.js';
import type { GenerateJob, RefineJob, RefineReply } from '../../records/job.js';
import type { LatentsData } from '../../records/picture.js';
import { writeAtomically } from '../results/write-atomically.js';
import { encodeLatents } from '../../models/weights/latents/encode-latents.js';
import { readLatents } from '../../models/weights/latents/read-latents.js';
import { expectOutputFolder } from './check-outputs.js';
import { exists, isLink } from '../../io/files/exists.js';
import { expectNoLink } from './expect-inside.js';

export interface StageInput {
  input: RefineJob['input'];
  /** The base model's latents, if the job keeps them; else null. */
  latents: LatentsData | null;
}

/** Files of one run, named by their row's digest. */
export interface StageHandoff {
  has: (key: string, job: GenerateJob) => Promise<boolean>;
  /** @throws OUTPUT_UNWRITABLE */
  write: (key: string, reply: RefineReply) => Promise<void>;
  /** @throws LATENTS_INVALID IMAGE_UNREADABLE, if the files were removed */
  read: (key: string, job: GenerateJob) => Promise<StageInput>;
  remove: (key: string) => Promise<void>;
  /** Removes the files of an earlier run. */
  removeAll: () => Promise<void>;
  /** `close` leaves the files of this key, if there are any. */
  keep: (key: string) => Promise<void>;
  /** Removes files that no row needs, and the folder once it is empty. */
  close: () => Promise<void>;
}

const PNG = { format: 'png', quality: null, bitDepth: 8, metadata: false } as const;

/** The key in a file's name; '' for a temporary file. */
const keyOf = (name: string): string => name.slice(0, name.indexOf('.'));

/** @param folder in the output folder; created with the first file */
export const openStageHandoff = (folder: string): StageHandoff => {
  const latentsFile = (key: string): string => join(folder, `${key}.safetensors`);
  const pictureFile = (key: string): string => join(folder, `${key}.png`);
  /** Few: of rows that failed after their first stage. */
  const kept = new Set<string>();
  const filesOf = (key: string, { output, keepLatents }: GenerateJob): string[] => [
    ...(output === 'pixels' ? [pictureFile(key)] : []),
    ...(output === 'latents' || keepLatents ? [latentsFile(key)] : []),
  ];
  return {
    has: async (key, job) =>
      !(await isLink(folder)) && (await Promise.all(filesOf(key, job).map(exists))).every(Boolean),
    write: async (key, { output, latents }) => {
      /* Writing creates missing folders, but a folder that was removed must stay removed. */
      await expectOutputFolder(dirname(folder));
      await expectNoLink(folder);
      const stored = output.kind === 'latents' ? output.latents : latents;
      if (stored !== undefined) await writeAtomically(latentsFile(key), encodeLatents(stored));
      if (output.kind === 'pixels') await writeAtomically(pictureFile(key), await encodePicture(output.pixels, PNG));
    },
    read: async (key, { output, keepLatents }) => {
      const latents = output === 'latents' || keepLatents ? await readLatents(latentsFile(key)) : null;
      if (output === 'latents' && latents !== null) return { input: { kind: 'latents', latents }, latents };
      const { pixels } = await loadPicture(await readPictureFile(pictureFile(key)), pictureFile(key));
      return { input: { kind: 'pixels', pixels }, latents };
    },
    remove: async (key) => {
      await Promise.all([latentsFile(key), pictureFile(key)].map((file) => rm(file, { force: true })));
    },
    removeAll: () => rm(folder, { recursive: true, force: true }),
    keep: async (key) => {
      if ((await Promise.all([latentsFile(key), pictureFile(key)].map(exists))).some(Boolean)) kept.add(key);
    },
    close: async () => {
      /* Files behind a link are not removed. */
      if (await isLink(folder)) return;
      /* Temporary files of killed runs, and files of rows that changed. Removal may fail without harm. */
      const unneeded = (await readdir(folder).catch(() => [])).filter((name) => !kept.has(keyOf(name)));
      await Promise.allSettled(unneeded.map((name) => rm(join(folder, name), { force: true })));
      await rmdir(folder).catch(() => undefined);
    },
  };
};
