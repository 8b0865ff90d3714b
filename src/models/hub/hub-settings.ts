/** Settings of the hub from huggingface_hub's environment variables. */
import { join } from 'node:path';
import { nonEmpty, hubCacheFolder, huggingFaceFolder, type Environment } from '../../io/files/cache-folders.js';
import { readFileText } from '../../io/files/open-file.js';

export interface HubSettings {
  /** Without a trailing slash. */
  endpoint: string;
  cache: string;
  /** For repositories that need one; null: none. */
  token: string | null;
  /** No requests to the hub. */
  isOffline: boolean;
}

const PUBLIC_HUB = 'https://huggingface.co';
const TRUE = /^(1|on|yes|true)$/i;

/** As huggingface_hub's constants.py and utils/_auth.py read them. @throws CACHE_UNWRITABLE if no variable gives the cache's folder */
export const readHubSettings = async (env: Environment): Promise<HubSettings> => ({
  endpoint: (nonEmpty(env['HF_ENDPOINT']) ?? PUBLIC_HUB).replace(/\/+$/, ''),
  cache: hubCacheFolder(env),
  token: await readToken(env),
  isOffline: TRUE.test(env['HF_HUB_OFFLINE'] ?? ''),
});

/** From a variable, else from the file that a login writes. */
const readToken = async (env: Environment): Promise<string | null> => {
  if (TRUE.test(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'] ?? '')) return null;
  const token = nonEmpty(env['HF_TOKEN']);
  if (token !== null) return token.trim();
  const path = nonEmpty(env['HF_TOKEN_PATH']) ?? usualTokenPath(env);
  const text = path === null ? '' : await readFileText(path, 'note').catch(() => '');
  return nonEmpty(text.trim());
};

/** null without a home folder. */
const usualTokenPath = (env: Environment): string | null => {
  try {
    return join(huggingFaceFolder(env), 'token');
  } catch {
    return null;
  }
};
