import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { openWeights } from '#src/models/weights/discovery/open-weights.js';
import { goldenData } from '../../../../support/golden.js';
import { errorOf, newFolder, write } from '../build-safetensors.js';

/** A model in a folder that the test may damage. */
const copyOf = (name: string): string => {
  const folder = join(realpathSync(newFolder()), name);
  cpSync(goldenData('models', name), folder, { recursive: true });
  return folder;
};
const rewrite = (path: string, change: (json: Record<string, unknown>) => unknown): void => {
  write('', path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>)));
};
const without = (key: string) => (json: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(json).filter(([name]) => name !== key));

it('keys missing in model_index.json have diffusers’ defaults', async () => {
  const folder = copyOf('tiny-base');
  rewrite(join(folder, 'model_index.json'), without('force_zeros_for_empty_prompt'));
  const { index } = await findModel(folder);
  expect(index).toMatchObject({ requiresAestheticsScore: false, forceZerosForEmptyPrompt: true });
  expect(index.parts.get('unet')).toBe('UNet2DConditionModel');
  expect(index.parts.has('image_encoder')).toBe(false);
});

it('the Hugging Face cache: links to blobs without an extension', async () => {
  const source = goldenData('models', 'tiny-base');
  const repository = join(realpathSync(newFolder()), 'models--org--tiny-base');
  const snapshot = join(repository, 'snapshots', 'a1b2c3');
  mkdirSync(join(repository, 'blobs'), { recursive: true });
  const files = readdirSync(source, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  for (const [i, file] of files.entries()) {
    const folder = join(snapshot, relative(source, file.parentPath));
    mkdirSync(folder, { recursive: true });
    cpSync(join(file.parentPath, file.name), join(repository, 'blobs', `${i}`));
    symlinkSync(relative(folder, join(repository, 'blobs', `${i}`)), join(folder, file.name));
  }
  const { unet } = await findModel(snapshot);
  const weights = await openWeights(unet.weightFiles);
  expect(weights.size).toBe(738);
  expect(weights.files.every((file) => /\/blobs\/\d+$/.test(file))).toBe(true);
  const { message } = await errorOf('MODEL_NOT_FOUND', () => findModel(repository));
  expect(message).toContain(`below ${join(repository, 'snapshots')}`);
});

describe('names the mistake in', () => {
  it('a Hugging Face id', async () => {
    const { message } = await errorOf('MODEL_NOT_FOUND', () => findModel('stabilityai/no-such-model'));
    expect(message).toContain('sdxl-refine models pull stabilityai/no-such-model');
  });

  it('a path that leads nowhere', async () => {
    const { message } = await errorOf('MODEL_NOT_FOUND', () => findModel('/no/such/folder'));
    expect(message).toContain('There is no folder /no/such/folder');
    expect(message).not.toContain('Hugging Face');
  });

  it('a file', async () => {
    const file = goldenData('models', 'tiny-base', 'model_index.json');
    expect((await errorOf('MODEL_NOT_FOUND', () => findModel(file))).message).toContain('is not a .safetensors file');
  });

  it('one component of a model', async () => {
    const unet = goldenData('models', 'tiny-base', 'unet');
    const { message } = await errorOf('MODEL_NOT_FOUND', () => findModel(unet));
    expect(message).toContain(`Give the folder above it: ${goldenData('models', 'tiny-base')}.`);
  });

  it('a folder of something else', async () => {
    expect((await errorOf('MODEL_NOT_FOUND', () => findModel(newFolder()))).message).toContain('no model_index.json');
  });

  it.each(['unet', 'text_encoder_2', 'tokenizer', 'tokenizer_2'])('a model whose %s is gone', async (name) => {
    const folder = copyOf('tiny-base');
    rmSync(join(folder, name), { recursive: true });
    expect((await errorOf('MODEL_NOT_FOUND', () => findModel(folder))).message).toContain(join(folder, name));
  });

  it.each(['vae/config.json', 'scheduler/scheduler_config.json'])('a model whose %s is gone', async (name) => {
    const folder = copyOf('tiny-base');
    rmSync(join(folder, name));
    const { message } = await errorOf('MODEL_NOT_FOUND', () => findModel(folder));
    expect(message).toContain(`${join(folder, name)}: there is no such file`);
  });

  it('a missing shard', async () => {
    const folder = copyOf('tiny-base');
    rmSync(join(folder, 'unet/diffusion_pytorch_model-00003-of-00004.safetensors'));
    const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => findModel(folder));
    expect(message).toContain('diffusion_pytorch_model-00003-of-00004.safetensors is missing;');
  });

  it('weights under another name', async () => {
    const folder = copyOf('tiny-refiner');
    renameSync(join(folder, 'vae/diffusion_pytorch_model.fp16.safetensors'), join(folder, 'vae/sdxl_vae.safetensors'));
    const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => findModel(folder));
    expect(message).toContain(`No weights in ${join(folder, 'vae')}`);
  });

  it.each<[what: string, text: string | Uint8Array, says: string]>([
    ['empty', '', 'is not JSON'],
    ['no JSON', '<html>', 'is not JSON'],
    ['a list', '[]', 'is not a JSON object'],
    ['not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 'is not JSON in UTF-8'],
    ['of a key twice', '{"a":1,"a":2}', 'has the key "a" twice'],
    ['too deep', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'nests 41 levels deep'],
    ['too large', ' '.repeat(2 ** 20 + 1), 'has 1048577 bytes; a configuration may have at most 1048576'],
  ])('a config.json that is %s', async (_, text, says) => {
    const folder = copyOf('tiny-refiner');
    const path = write(folder, 'unet/config.json', text);
    const { message } = await errorOf('MODEL_CONFIG_INVALID', () => findModel(folder));
    expect(message).toContain(`${path} ${says}`);
  });

  it('a pipeline of another family', async () => {
    const folder = copyOf('tiny-base');
    rewrite(join(folder, 'model_index.json'), (json) => ({
      ...without('text_encoder_2')(without('unet')(json)),
      _class_name: 'FluxPipeline',
    }));
    const { message } = await errorOf('MODEL_CONFIG_UNSUPPORTED', () => findModel(folder));
    expect(message).toContain('a FluxPipeline without unet, text_encoder_2');
  });

  it('a text encoder without its tokenizer', async () => {
    const folder = copyOf('tiny-base');
    rewrite(join(folder, 'model_index.json'), (json) => ({ ...json, tokenizer: [null, null] }));
    expect((await errorOf('MODEL_CONFIG_UNSUPPORTED', () => findModel(folder))).message).toContain(
      'without tokenizer.',
    );
  });

  it.each([
    [{ requires_aesthetics_score: 'yes' }, '"requires_aesthetics_score"'],
    [{ force_zeros_for_empty_prompt: 1 }, '"force_zeros_for_empty_prompt"'],
    [{ _class_name: null }, '"_class_name"'],
  ])('model_index.json with %j', async (change, says) => {
    const folder = copyOf('tiny-refiner');
    rewrite(join(folder, 'model_index.json'), (json) => ({ ...json, ...change }));
    expect((await errorOf('MODEL_CONFIG_INVALID', () => findModel(folder))).message).toContain(says);
  });
});
