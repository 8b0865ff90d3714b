/** Finds a VAE that replaces the model's: a folder in the diffusers layout, or one file in any naming. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { withoutPrefix, VAE } from './checkpoint-file.js';
import { vaeNames } from './checkpoint-names.js';
import { expectSafetensors } from './find-model.js';
import type { ModelComponent, Rename } from './model-files.js';
import { DIFFUSERS_STEM } from './model-folder.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { readJsonObject } from './read-json.js';
import { chooseWeightFiles } from './weight-files.js';

const CONFIG = 'config.json';
/** A tensor of every VAE, in each known naming. */
const DIFFUSERS_SIGN = 'encoder.down_blocks.0.resnets.0.conv1.weight';
const ORIGINAL_SIGN = 'encoder.down.0.block.0.conv1.weight';

/**
 * @param own the model's VAE; a file without a configuration uses its configuration, since the latents' scaling is not in the tensors
 * @throws MODEL_NOT_FOUND MODEL_CONFIG_INVALID MODEL_CONFIG_UNSUPPORTED WEIGHTS_FILE_MISSING WEIGHTS_HEADER_INVALID
 */
export const findVae = async (path: string, own: ModelComponent): Promise<ModelComponent> => {
  const at = resolve(path);
  const stats = await stat(at).catch((cause: unknown) => {
    const why = systemCodeOf(cause) === 'ENOENT' ? 'it does not exist' : messageOf(cause);
    throw new RefineError('MODEL_NOT_FOUND', `Cannot read the VAE ${at}: ${why}. ${FORMS}`, { context: { at }, cause });
  });
  return stats.isFile() ? findVaeFile(at, own) : findVaeFolder(at);
};
const FORMS = 'Give a folder with config.json and its weights, or a .safetensors file.';

const findVaeFolder = async (folder: string): Promise<ModelComponent> => {
  /* The folder of a whole model: use its VAE. */
  const inModel = await stat(join(folder, 'vae')).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  const at = inModel ? join(folder, 'vae') : folder;
  const config = await readJsonObject(join(at, CONFIG), 'modelConfig');
  return { folder: at, config, form: 'safetensors', rename: null, ...(await chooseWeightFiles(at, DIFFUSERS_STEM)) };
};

const findVaeFile = async (file: string, own: ModelComponent): Promise<ModelComponent> => {
  expectSafetensors(file);
  const { tensors } = await openSafetensors(file);
  const hasConfig =
    basename(file).startsWith(DIFFUSERS_STEM) &&
    (await stat(join(dirname(file), CONFIG)).then(
      () => true,
      () => false,
    ));
  const config = hasConfig ? await readJsonObject(join(dirname(file), CONFIG), 'modelConfig') : own.config;
  const rename = [...namings].find(([sign]) => tensors.has(sign))?.[1];
  if (rename === undefined) {
    const message = `${file} is not a VAE: it has neither ${DIFFUSERS_SIGN} nor ${ORIGINAL_SIGN}. ${FORMS}`;
    throw new RefineError('MODEL_CONFIG_UNSUPPORTED', message, { context: { file } });
  }
  return { folder: file, config, form: 'safetensors', rename, weightFiles: [file], variant: null };
};

const namings: ReadonlyMap<string, Rename | null> = new Map([
  [DIFFUSERS_SIGN, null],
  [ORIGINAL_SIGN, vaeNames],
  [`${VAE}${ORIGINAL_SIGN}`, (tensors) => vaeNames(withoutPrefix(VAE, tensors))],
]);
