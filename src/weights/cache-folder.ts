/** Where files lie that are made from weights, beside Hugging Face's cache of downloaded ones. Pure. */
import { join, resolve } from 'node:path';

/** `SDXL_REFINE_CACHE`, else `sdxl-refine` in the user's folder of caches. An empty variable counts as unset. */
export const cacheFolder = (env: Readonly<Record<string, string | undefined>>, home: string): string => {
  const { SDXL_REFINE_CACHE: own, XDG_CACHE_HOME: caches } = env;
  if (own !== undefined && own !== '') return resolve(own);
  return join(caches === undefined || caches === '' ? join(home, '.cache') : resolve(caches), 'sdxl-refine');
};
