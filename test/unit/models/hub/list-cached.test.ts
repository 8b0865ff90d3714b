import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { listCached } from '#src/models/hub/list-cached.js';
import { goldenData } from '../../../support/golden.js';

/** A repository as huggingface_hub lays it out: files are links to blobs. */
const addModel = (cache: string, id: string): { folder: string; bytes: number } => {
  const repository = join(cache, `models--${id.replaceAll('/', '--')}`);
  const folder = join(repository, 'snapshots', '0123456789abcdef0123456789abcdef01234567');
  cpSync(goldenData('models/tiny-refiner'), folder, { recursive: true });
  mkdirSync(join(repository, 'blobs'));
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (!found.isFile()) continue;
    const blob = join(repository, 'blobs', name.replaceAll('/', '_'));
    bytes += found.size;
    renameSync(path, blob);
    symlinkSync(relative(dirname(path), blob), path);
  }
  return { folder, bytes };
};

it('tells complete models, incomplete ones and others apart', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'sdxl-refine-cache-'));
  const whole = addModel(cache, 'stabilityai/stable-diffusion-xl-refiner-1.0');
  const torn = addModel(cache, 'somebody/torn');
  rmSync(join(torn.folder, 'unet'), { recursive: true });
  const other = join(cache, 'models--google--bert', 'snapshots', 'abc');
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'config.json'), '{}');
  const damaged = join(cache, 'models--some--damaged', 'snapshots', 'abc');
  mkdirSync(damaged, { recursive: true });
  writeFileSync(join(damaged, 'model_index.json'), '{"_class_name": "Stable');
  mkdirSync(join(cache, 'datasets--some--data'));

  const found = await listCached({ HF_HUB_CACHE: cache });
  expect(found).toMatchObject({ folder: cache, exists: true });
  expect(found.models.map(({ id, problem }) => [id, problem === null])).toEqual([
    ['somebody/torn', false],
    ['stabilityai/stable-diffusion-xl-refiner-1.0', true],
  ]);
  expect(found.models[1]).toMatchObject({ ...whole, pipeline: 'StableDiffusionXLImg2ImgPipeline' });
  expect(found.models[0]!.bytes).toBeLessThan(torn.bytes);
  expect(found.models[0]!.problem).toMatch(/unet/);
});

it('does not mind a cache that is not there', async () => {
  expect(await listCached({ HF_HUB_CACHE: '/not/there' })).toEqual({
    folder: '/not/there',
    exists: false,
    models: [],
  });
});
