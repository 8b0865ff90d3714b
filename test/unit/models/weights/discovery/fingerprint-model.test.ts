import { cpSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintModel } from '#src/models/weights/discovery/fingerprint-model.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { goldenData } from '../../../../support/golden.js';
import { newFolder, write } from '../build-safetensors.js';

const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';

const copy = (): string => {
  const folder = join(realpathSync(newFolder()), 'copy');
  cpSync(goldenData('models', 'tiny-refiner'), folder, { recursive: true });
  return folder;
};
const fingerprint = async (folder: string): Promise<string> => fingerprintModel(await findModel(folder));

it('equal for a copy in another folder, different for another model', async () => {
  const original = await fingerprint(goldenData('models', 'tiny-refiner'));
  expect(original).toMatch(/^[0-9a-f]{64}$/);
  expect(await fingerprint(copy())).toBe(original);
  expect(await fingerprint(goldenData('models', 'tiny-base'))).not.toBe(original);
});

it('different for a fine-tune, whose headers are equal, and for another configuration', async () => {
  const original = await fingerprint(goldenData('models', 'tiny-refiner'));
  const tuned = copy();
  const bytes = readFileSync(join(tuned, UNET));
  for (let i = 100_000; i < bytes.length; i++) bytes[i]! ^= 1;
  write(tuned, UNET, bytes);
  expect(await fingerprint(tuned)).not.toBe(original);
  const configured = copy();
  const config = JSON.parse(readFileSync(join(configured, 'scheduler/scheduler_config.json'), 'utf8')) as object;
  write(configured, 'scheduler/scheduler_config.json', JSON.stringify({ ...config, use_karras_sigmas: true }));
  expect(await fingerprint(configured)).not.toBe(original);
});
