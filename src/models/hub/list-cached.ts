/** Lists SDXL models in Hugging Face's cache. Opens only their small JSON files; downloads nothing. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors.js';
import { hubCacheFolder, type Environment } from '../../io/files/cache-folders.js';
import { findModel } from '../weights/discovery/find-model.js';
import { readJsonObject } from '../weights/discovery/read-json.js';

export interface CachedModel {
  /** Hub id: `stabilityai/stable-diffusion-xl-refiner-1.0`. */
  id: string;
  /** Folder for `--model`. */
  folder: string;
  pipeline: string;
  bytes: number;
  /** null: complete. */
  problem: string | null;
}

export interface CachedModels {
  folder: string;
  exists: boolean;
  models: CachedModel[];
}

/** @throws CACHE_UNWRITABLE if no variable gives the cache's folder */
export const listCached = async (env: Environment): Promise<CachedModels> => {
  const folder = hubCacheFolder(env);
  const names = await readdir(folder).catch(() => null);
  const repositories = (names ?? []).filter((name) => name.startsWith('models--')).sort();
  const models = await Promise.all(repositories.map((name) => listRevisions(folder, name)));
  return { folder, exists: names !== null, models: models.flat() };
};

/** Each revision that is a pipeline of the SDXL family. */
const listRevisions = async (cache: string, name: string): Promise<CachedModel[]> => {
  const snapshots = join(cache, name, 'snapshots');
  const revisions = await readdir(snapshots).catch(() => []);
  const id = name.slice('models--'.length).replaceAll('--', '/');
  const models = await Promise.all(
    revisions.map(async (revision): Promise<CachedModel | null> => {
      const folder = join(snapshots, revision);
      const pipeline = await pipelineOf(folder);
      if (pipeline === null) return null;
      const problem = await findModel(folder).then(() => null, messageOf);
      return { id, folder, pipeline, bytes: await bytesBelow(folder), problem };
    }),
  );
  return models.filter((model) => model !== null);
};

const pipelineOf = async (folder: string): Promise<string | null> => {
  const index = await readJsonObject(join(folder, 'model_index.json'), 'modelConfig').catch(() => ({}));
  const { _class_name: name } = index as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && name.startsWith('StableDiffusionXL') ? name : null;
};

/** Bytes of all files below a folder, links followed; files that are not downloaded count as 0. */
const bytesBelow = async (folder: string): Promise<number> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory()
        ? bytesBelow(path)
        : stat(path).then(
            ({ size }) => size,
            () => 0,
          );
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};
