/** Reads the configurations of a model folder in the diffusers layout, without interpreting them. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError } from '../../../errors.js';
import type { ModelConfigs } from './model-files.js';
import { parseModelIndex } from './model-index.js';
import { readJsonObject } from './read-json.js';

/**
 * Reads configurations; opens no weights.
 * @param vae name of the VAE's folder: ONNX exports have two, each with the whole configuration
 * @throws MODEL_NOT_FOUND, MODEL_CONFIG_INVALID, MODEL_CONFIG_UNSUPPORTED
 */
export const readModelConfigs = async (folder: string, vae = 'vae'): Promise<ModelConfigs> => {
  const indexFile = join(folder, 'model_index.json');
  const index = parseModelIndex(await readJsonObject(indexFile, 'modelConfig'), indexFile);
  const hasFirstEncoder = index.parts.has('text_encoder');
  const config = async (part: string): Promise<Record<string, unknown>> =>
    readJsonObject(join(await expectFolder(join(folder, part)), 'config.json'), 'modelConfig');
  return {
    index,
    unet: await config('unet'),
    vae: await config(vae),
    textEncoder: hasFirstEncoder ? await config('text_encoder') : null,
    textEncoder2: await config('text_encoder_2'),
    tokenizer: hasFirstEncoder ? await expectFolder(join(folder, 'tokenizer')) : null,
    tokenizer2: await expectFolder(join(folder, 'tokenizer_2')),
    scheduler: await readJsonObject(join(folder, 'scheduler', 'scheduler_config.json'), 'modelConfig', true),
  };
};

const expectFolder = async (folder: string): Promise<string> => {
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory() === true) return folder;
  const message = `There is no folder ${folder}, which model_index.json lists. Download the model again.`;
  throw new RefineError('MODEL_NOT_FOUND', message, { context: { folder } });
};
