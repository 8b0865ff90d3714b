/** Where Hugging Face's cache is: ours and Python's are one. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Folder of huggingface_hub's settings and caches. As its constants.py decides it. */
export const homeFolder = (env: Environment, home = homedir()): string => {
  const { HF_HOME, XDG_CACHE_HOME } = env;
  return expand(filled(HF_HOME) ?? join(filled(XDG_CACHE_HOME) ?? join(home, '.cache'), 'huggingface'), home);
};

/** Folder of downloaded repositories. As huggingface_hub's constants.py decides it. */
export const cacheFolder = (env: Environment, home = homedir()): string => {
  const hub = filled(env['HF_HUB_CACHE']) ?? filled(env['HUGGINGFACE_HUB_CACHE']);
  return hub === null ? join(homeFolder(env, home), 'hub') : expand(hub, home);
};

/** A variable that is there and empty counts as unset. */
export const filled = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

const expand = (path: string, home: string): string => path.replace(/^~(?=$|[/\\])/, home);
