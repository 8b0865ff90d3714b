/** Finds `--model`: a path, a bundled model's name, or an id of the hub. */
import { resolve } from 'node:path';
import { hubCacheFolder } from '../../../io/files/cache-folders.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { exists } from '../../../io/files/exists.js';
import { isRefineError, RefineError } from '../../../errors.js';
import { DEFAULT_VARIANT } from '../../../models/hub/choose-files.js';
import { findCached } from '../../../models/hub/find-cached.js';
import { readHubSettings, type HubSettings } from '../../../models/hub/hub-settings.js';
import { parseModelId } from '../../../models/hub/model-id.js';
import { pullModel } from '../../../models/hub/pull-model.js';
import { BUNDLED_MODELS } from './bundled-model.js';
import { expectOnThisMachine } from './output-place.js';
import { downloadProgress } from '../progress/download-progress.js';
import { isAlive } from '../is-process-alive.js';
import type { ProcessContext } from '../process-context.js';

/** The address of a model's page. */
const ON_THE_HUB = /^https:\/\/(?:huggingface\.co|hf\.co)\/([\w.-]+\/[\w.-]+)/;

/**
 * Finds a model on this machine: first as a path, then as a bundled name, then in the cache.
 * @returns absolute; null: not found
 * @throws USAGE_OPTION_INVALID for a URI
 */
export const findModelFolder = async (
  text: string,
  context: Pick<ProcessContext, 'cwd' | 'env'>,
): Promise<string | null> => {
  const [, id = 'organisation/name'] = ON_THE_HUB.exec(text) ?? [];
  expectOnThisMachine('the model', text, `Give a folder, a file, or an id of the Hugging Face hub, such as ${id}.`);
  const path = existingForm(resolve(context.cwd(), text));
  if (await exists(path)) return path;
  const bundled = BUNDLED_MODELS.find(({ name }) => name === text);
  if (bundled !== undefined) return bundled.folder;
  const parsed = parseModelId(text);
  return parsed === null ? null : findCached(hubCacheFolder(context.env), parsed);
};

/**
 * Finds a model, or downloads an id that is not in the cache, with progress on standard error.
 * @returns absolute, even if nothing exists there: opening the model reports that
 * @throws USAGE_OPTION_INVALID MODEL_NOT_FOUND MODEL_DOWNLOAD_FAILED OUTPUT_UNWRITABLE, the signal's reason
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
  if (settings.isOffline) throw notCached(text, settings);
  const progress = downloadProgress(context.stderr, text, quiet);
  try {
    const options = { variant: DEFAULT_VARIANT, signal, isAlive: (pid: number) => isAlive(context, pid) };
    return await pullModel(settings, id, { ...options, report: progress.report });
  } catch (thrown) {
    throw isRefineError(thrown) && thrown.code === 'MODEL_DOWNLOAD_FAILED' ? takenForId(text, thrown) : thrown;
  } finally {
    progress.end();
  }
};

const notCached = (text: string, { cache }: HubSettings): RefineError =>
  new RefineError(
    'MODEL_NOT_FOUND',
    `There is no folder ${text} here, and the model ${text} is not in the cache (${cache}); HF_HUB_OFFLINE forbids downloading it. Unset that, or run "sdxl-refine models pull ${text}" where there is a network, and copy the cache.`,
    { context: { path: text } },
  );

/** A mistyped path may look like an id. */
const takenForId = (text: string, cause: RefineError): RefineError =>
  new RefineError(
    cause.code,
    `There is no folder ${text} here, so it was taken for an id of the Hugging Face hub. ${cause.message}`,
    { context: cause.context, cause },
  );
