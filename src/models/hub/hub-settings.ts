/** What the environment says of the hub, under huggingface_hub's own names. */
import { join } from 'node:path';
import { nonEmpty, hubCacheFolder, huggingFaceFolder, type Environment } from '../../io/files/cache-folders.js';
import { readFileText } from '../../io/files/open-file.js';

export interface HubSettings {
  /** Without a slash at its end. */
  endpoint: string;
  cache: string;
  /** For repositories that want one; null: none. */
  token: string | null;
  /** Nothing is asked of the hub. */
  isOffline: boolean;
}

const PUBLIC_HUB = 'https://huggingface.co';
const TRUE = /^(1|on|yes|true)$/i;

/** As huggingface_hub's constants.py and utils/_auth.py read them. @throws CACHE_UNWRITABLE when nothing says where the cache is */
export const readHubSettings = async (env: Environment): Promise<HubSettings> => ({
  endpoint: (nonEmpty(env['HF_ENDPOINT']) ?? PUBLIC_HUB).replace(/\/+$/, ''),
  cache: hubCacheFolder(env),
  token: await readToken(env),
  isOffline: TRUE.test(env['HF_HUB_OFFLINE'] ?? ''),
});

/** Where logging in leaves it, unless a variable has one. */
const readToken = async (env: Environment): Promise<string | null> => {
  if (TRUE.test(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'] ?? '')) return null;
  const given = nonEmpty(env['HF_TOKEN']);
  if (given !== null) return given.trim();
  const path = nonEmpty(env['HF_TOKEN_PATH']) ?? usualTokenPath(env);
  const text = path === null ? '' : await readFileText(path, 'note').catch(() => '');
  return nonEmpty(text.trim());
};

/** null: without a home nobody has logged in. */
const usualTokenPath = (env: Environment): string | null => {
  try {
    return join(huggingFaceFolder(env), 'token');
  } catch {
    return null;
  }
};
