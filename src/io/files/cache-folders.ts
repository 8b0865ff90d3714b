/** Locations of the caches: downloaded models, shared with Python's huggingface_hub, and prepared weights. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { RefineError } from '../../errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Called only if no environment variable names a cache folder. @throws CACHE_UNWRITABLE if there is no home */
export type FindHome = () => string;

/** Folder of huggingface_hub's settings and caches, as its constants.py chooses it. @throws CACHE_UNWRITABLE */
export const huggingFaceFolder = (env: Environment, home: FindHome = userHome): string => {
  const folder = nonEmpty(env['HF_HOME']);
  return folder === null ? join(cachesFolder(env, home), 'huggingface') : expandHome(folder, home);
};

/** Folder of downloaded repositories, as huggingface_hub's constants.py chooses it. @throws CACHE_UNWRITABLE */
export const hubCacheFolder = (env: Environment, home: FindHome = userHome): string => {
  const hub = nonEmpty(env['HF_HUB_CACHE']) ?? nonEmpty(env['HUGGINGFACE_HUB_CACHE']);
  return hub === null ? join(huggingFaceFolder(env, home), 'hub') : expandHome(hub, home);
};

/**
 * Folder of prepared weights: `SDXL_REFINE_CACHE`, else `sdxl-refine` in the user's cache folder, or in `HF_HOME` for a
 * user without a home.
 * @throws CACHE_UNWRITABLE
 */
export const preparedFolder = (env: Environment, home: FindHome = userHome): string => {
  const folder = nonEmpty(env['SDXL_REFINE_CACHE']);
  if (folder !== null) return resolve(folder);
  try {
    return join(cachesFolder(env, home), 'sdxl-refine');
  } catch (thrown) {
    const hub = nonEmpty(env['HF_HOME']);
    if (hub === null) throw thrown;
    return join(expandHome(hub, home), 'sdxl-refine');
  }
};

/** Folder of device libraries that `devices add` installed. @throws CACHE_UNWRITABLE */
export const librariesFolder = (env: Environment, home: FindHome = userHome): string =>
  join(preparedFolder(env, home), 'libraries');

/** An empty variable counts as unset. */
export const nonEmpty = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text);

const cachesFolder = (env: Environment, home: FindHome): string => {
  const caches = nonEmpty(env['XDG_CACHE_HOME']);
  return caches === null ? join(home(), '.cache') : resolve(caches);
};

const expandHome = (path: string, home: FindHome): string =>
  /^~(?=$|[/\\])/.test(path) ? join(home(), path.slice(1)) : path;

/** A user without an account, as in many containers, has a home only if HOME is set. */
const userHome: FindHome = () => {
  let cause: unknown;
  try {
    const home = homedir();
    if (home !== '') return home;
  } catch (thrown) {
    cause = thrown;
  }
  const message =
    'Expected a home folder for the model caches, found none: HOME is not set, and the system has no home folder for this user. ' +
    'Set HF_HOME (downloaded models), SDXL_REFINE_CACHE (prepared weights), or HOME.';
  throw new RefineError('CACHE_UNWRITABLE', message, { cause });
};
