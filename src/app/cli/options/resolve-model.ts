/** Finds `--model`: a path, a bundled model's name, or an id of the hub. */
import { resolve } from 'node:path';
import { hubCacheFolder } from '../../../io/files/cache-folders.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { exists } from '../../../io/files/exists.js';
import { DEFAULT_VARIANT } from '../../../models/hub/choose-files.js';
import { findCached } from '../../../models/hub/find-cached.js';
import { readHubSettings } from '../../../models/hub/hub-settings.js';
import { parseModelId } from '../../../models/hub/model-id.js';
import { pullModel } from '../../../models/hub/pull-model.js';
import { BUNDLED_MODELS } from './bundled-model.js';
import { downloadProgress } from '../progress/download-progress.js';
import { isAlive } from '../is-process-alive.js';
import type { ProcessContext } from '../process-context.js';

/**
 * Finds a model on this machine: first as a path, then as a bundled name, then in the cache.
 * @returns absolute; null: not found
 */
export const findModelFolder = async (
  text: string,
  context: Pick<ProcessContext, 'cwd' | 'env'>,
): Promise<string | null> => {
  const path = existingForm(resolve(context.cwd(), text));
  if (await exists(path)) return path;
  const bundled = BUNDLED_MODELS.find(({ name }) => name === text);
  if (bundled !== undefined) return bundled.folder;
  const id = parseModelId(text);
  return id === null ? null : findCached(hubCacheFolder(context.env), id);
};

/**
 * Finds a model, or downloads an id that is not in the cache, with progress on standard error.
 * @returns absolute, even if nothing exists there: opening the model reports that
 * @throws MODEL_DOWNLOAD_FAILED OUTPUT_UNWRITABLE, the signal's reason
 */
export const resolveModel = async (
  text: string,
  context: ProcessContext,
  { signal, quiet }: { signal: AbortSignal; quiet: boolean },
): Promise<string> => {
  const found = await findModelFolder(text, context);
  if (found !== null) return found;
  const path = existingForm(resolve(context.cwd(), text));
  const id = parseModelId(text);
  if (id === null) return path;
  const settings = await readHubSettings(context.env);
  if (settings.isOffline) return path;
  const progress = downloadProgress(context.stderr, text, quiet);
  try {
    const options = { variant: DEFAULT_VARIANT, signal, isAlive: (pid: number) => isAlive(context, pid) };
    return await pullModel(settings, id, { ...options, report: progress.report });
  } finally {
    progress.end();
  }
};
