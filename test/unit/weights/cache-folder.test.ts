import { join, resolve } from 'node:path';
import { cacheFolder } from '#src/weights/cache-folder.js';

test.each([
  [{}, join('/home/ann', '.cache', 'sdxl-refine')],
  [{ XDG_CACHE_HOME: '/caches' }, join(resolve('/caches'), 'sdxl-refine')],
  [{ XDG_CACHE_HOME: '', SDXL_REFINE_CACHE: '' }, join('/home/ann', '.cache', 'sdxl-refine')],
  [{ XDG_CACHE_HOME: '/caches', SDXL_REFINE_CACHE: '/large/disk' }, resolve('/large/disk')],
])('%j', (env, folder) => {
  expect(cacheFolder(env, '/home/ann')).toBe(folder);
});
