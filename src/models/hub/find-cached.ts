/** Finds a model in the cache by its id, without a request to the hub. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileText } from '../../io/files/open-file.js';
import { repositoryFolder, type ModelId } from './model-id.js';

/** @returns the folder of the revision, complete or not; null: it was never downloaded */
export const findCached = async (cache: string, { id, revision }: ModelId): Promise<string | null> => {
  const folder = join(cache, repositoryFolder(id));
  const commit = await readFileText(join(folder, 'refs', revision), 'note').catch(() => revision);
  const snapshot = join(folder, 'snapshots', commit.trim());
  const isThere = await stat(join(snapshot, 'model_index.json')).then(
    () => true,
    () => false,
  );
  return isThere ? snapshot : null;
};
