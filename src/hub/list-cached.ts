/** Models of the SDXL family in Hugging Face's cache. Opens their small JSON files only; downloads nothing. */
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { findModel } from '../weights/model-folder.js';
import { MAX_CONFIG_BYTES, readJsonObject } from '../weights/read-json.js';
import type { CachedModel, DoctorReport } from './report.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** As huggingface_hub decides it (its constants.py). */
export const cacheFolder = (env: Environment, home = homedir()): string => {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = env;
  const hub = filled(HF_HUB_CACHE) ?? filled(HUGGINGFACE_HUB_CACHE);
  if (hub !== null) return expand(hub, home);
  const root = filled(HF_HOME) ?? join(filled(XDG_CACHE_HOME) ?? join(home, '.cache'), 'huggingface');
  return join(expand(root, home), 'hub');
};

const filled = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

const expand = (path: string, home: string): string => path.replace(/^~(?=$|[/\\])/, home);

export const examineCache = async (env: Environment): Promise<DoctorReport['cache']> => {
  const folder = cacheFolder(env);
  const names = await readdir(folder).catch(() => null);
  const repositories = (names ?? []).filter((name) => name.startsWith('models--')).sort();
  const models = await Promise.all(repositories.map((name) => examineRepository(folder, name)));
  return { folder, exists: names !== null, models: models.flat() };
};

/** Each revision that is a pipeline of the SDXL family. */
const examineRepository = async (cache: string, name: string): Promise<CachedModel[]> => {
  const repository = join(cache, name);
  const snapshots = join(repository, 'snapshots');
  const revisions = await readdir(snapshots).catch(() => []);
  const id = name.slice('models--'.length).replaceAll('--', '/');
  const found = await Promise.all(
    revisions.map(async (revision): Promise<CachedModel | null> => {
      const folder = join(snapshots, revision);
      const pipeline = await pipelineOf(folder);
      if (pipeline === null) return null;
      const problem = await findModel(folder).then(() => null, messageOf);
      return { id, folder, pipeline, bytes: await bytesBelow(folder), problem };
    }),
  );
  return found.filter((model) => model !== null);
};

const pipelineOf = async (folder: string): Promise<string | null> => {
  const index = await readJsonObject(join(folder, 'model_index.json'), MAX_CONFIG_BYTES).catch(() => ({}));
  const { _class_name: name } = index as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && name.startsWith('StableDiffusionXL') ? name : null;
};

/** A snapshot's files are links to the cache's blobs, which `stat` follows; what is not downloaded yet counts nothing. */
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
