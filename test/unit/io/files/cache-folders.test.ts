import { join, resolve } from 'node:path';
import { hubCacheFolder, huggingFaceFolder, preparedFolder } from '#src/io/files/cache-folders.js';

const ann = (): string => '/home/ann';
const homeless = (): never => {
  throw new Error('no home');
};

it.each([
  [{}, '/home/ann/.cache/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x', HF_HOME: '/hf' }, '/hf/hub'],
  [{ HF_HOME: '~/hf' }, '/home/ann/hf/hub'],
  [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, '/new'],
  [{ HF_HUB_CACHE: '', HF_HOME: '' }, '/home/ann/.cache/huggingface/hub'],
])('under %j models lie in %s', (env, folder) => {
  expect(hubCacheFolder(env, ann)).toBe(folder);
});

it.each([
  [{}, join('/home/ann', '.cache', 'sdxl-refine')],
  [{ XDG_CACHE_HOME: '/caches' }, join(resolve('/caches'), 'sdxl-refine')],
  [{ XDG_CACHE_HOME: '', SDXL_REFINE_CACHE: '' }, join('/home/ann', '.cache', 'sdxl-refine')],
  [{ XDG_CACHE_HOME: '/caches', SDXL_REFINE_CACHE: '/large/disk' }, resolve('/large/disk')],
  [{ HF_HOME: '/hf' }, join('/home/ann', '.cache', 'sdxl-refine')],
])('under %j what is made from weights lies in %s', (env, folder) => {
  expect(preparedFolder(env, ann)).toBe(folder);
});

it('asks for a home only where nothing else says the place', () => {
  expect(hubCacheFolder({ HF_HUB_CACHE: '/new' }, homeless)).toBe('/new');
  expect(hubCacheFolder({ HF_HOME: '/hf' }, homeless)).toBe('/hf/hub');
  expect(huggingFaceFolder({ XDG_CACHE_HOME: '/x' }, homeless)).toBe('/x/huggingface');
  expect(preparedFolder({ SDXL_REFINE_CACHE: '/own' }, homeless)).toBe('/own');
  expect(preparedFolder({ HF_HOME: '/hf' }, homeless)).toBe('/hf/sdxl-refine');
  for (const folder of [hubCacheFolder, huggingFaceFolder, preparedFolder]) {
    expect(() => folder({}, homeless)).toThrow('no home');
  }
});
