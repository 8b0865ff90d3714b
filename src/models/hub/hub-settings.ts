/** Settings of the hub from huggingface_hub's environment variables. */
import { join } from 'node:path';
import { RefineError } from '../../errors.js';
import { nonEmpty, hubCacheFolder, huggingFaceFolder, type Environment } from '../../io/files/cache-folders.js';
import { readFileText } from '../../io/files/open-file.js';
import { splitCredentials } from '../../io/net/shown-url.js';

export interface HubSettings {
  /** Without a trailing slash and without credentials. */
  endpoint: string;
  cache: string;
  /** Header of requests: the user and password of HF_ENDPOINT, else the token; null: none. */
  authorization: string | null;
  /** No requests to the hub. */
  isOffline: boolean;
}

const PUBLIC_HUB = 'https://huggingface.co';
const TRUE = /^(1|on|yes|true)$/i;

/** As huggingface_hub's constants.py and utils/_auth.py read them. @throws USAGE_OPTION_INVALID if HF_ENDPOINT is no address, CACHE_UNWRITABLE if no variable gives the cache's folder */
export const readHubSettings = async (env: Environment): Promise<HubSettings> => {
  const { url, authorization } = splitCredentials(endpointOf(nonEmpty(env['HF_ENDPOINT'])));
  const token = await readToken(env);
  return {
    endpoint: url,
    cache: hubCacheFolder(env),
    /* As in Python's HTTP clients, where an address's credentials replace a header. */
    authorization: authorization ?? (token === null ? null : `Bearer ${token}`),
    isOffline: TRUE.test(env['HF_HUB_OFFLINE'] ?? ''),
  };
};

const endpointOf = (text: string | null): URL => {
  const url = URL.canParse(text ?? PUBLIC_HUB) ? new URL(text ?? PUBLIC_HUB) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  /* It may hold a password: it is not shown. */
  const message = `Expected the variable HF_ENDPOINT to be the address of a hub, such as ${PUBLIC_HUB} (http or https). Correct it, or unset it.`;
  throw new RefineError('USAGE_OPTION_INVALID', message, { context: { variable: 'HF_ENDPOINT' } });
};

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
