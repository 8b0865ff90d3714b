/** What the environment says of the hub, under huggingface_hub's own names. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, filled, homeFolder, type Environment } from './cache-folder.js';

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

/** As huggingface_hub's constants.py and utils/_auth.py read them. */
export const readHubSettings = async (env: Environment): Promise<HubSettings> => ({
  endpoint: (filled(env['HF_ENDPOINT']) ?? PUBLIC_HUB).replace(/\/+$/, ''),
  cache: cacheFolder(env),
  token: await readToken(env),
  isOffline: TRUE.test(env['HF_HUB_OFFLINE'] ?? ''),
});

/** Where logging in leaves it, unless a variable has one. */
const readToken = async (env: Environment): Promise<string | null> => {
  if (TRUE.test(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'] ?? '')) return null;
  const given = filled(env['HF_TOKEN']);
  if (given !== null) return given.trim();
  const path = filled(env['HF_TOKEN_PATH']) ?? join(homeFolder(env), 'token');
  const text = await readFile(path, 'utf8').catch(() => '');
  return filled(text.trim());
};
