/** Finds the weights of a model in a folder: safetensors in the diffusers layout, or an export to ONNX by optimum. */
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RefineError } from '../../../errors.js';
import { readModelConfigs } from './model-configs.js';
import type { ModelConfigs, ModelFiles, ModelComponent } from './model-files.js';
import { chooseWeightFiles } from './weight-files.js';

export interface FindModelOptions {
  /** As diffusers' `variant`, such as `fp16`; see `chooseWeightFiles` for the default. */
  variant?: string;
}

/** File names of weights in diffusers (`ModelMixin`) and transformers (`PreTrainedModel`). */
export const DIFFUSERS_STEM = 'diffusion_pytorch_model';
const TRANSFORMERS_STEM = 'model';
/** optimum's file name of every network; its weights may be in a second file beside it. */
const ONNX_FILE = 'model.onnx';

/**
 * Reads the configurations and finds the weight files.
 * @param folder absolute, with a `model_index.json`
 * @throws MODEL_NOT_FOUND, MODEL_CONFIG_INVALID, MODEL_CONFIG_UNSUPPORTED, WEIGHTS_FILE_MISSING
 */
export const findModelFolder = async (folder: string, options: FindModelOptions = {}): Promise<ModelFiles> => {
  if (await isExport(folder)) return findExport(folder);
  const configs = await readModelConfigs(folder);
  const part = async (name: string, config: ModelComponent['config'], stem = DIFFUSERS_STEM): Promise<ModelComponent> => {
    const at = join(folder, name);
    const files = await chooseWeightFiles(at, stem, options.variant);
    return { folder: at, config, form: 'safetensors', rename: null, ...files };
  };
  return {
    ...shared(folder, configs),
    unet: await part('unet', configs.unet),
    vae: await part('vae', configs.vae),
    textEncoder: configs.textEncoder && (await part('text_encoder', configs.textEncoder, TRANSFORMERS_STEM)),
    textEncoder2: await part('text_encoder_2', configs.textEncoder2, TRANSFORMERS_STEM),
  };
};

const shared = (folder: string, { index, tokenizer, tokenizer2, scheduler }: ModelConfigs) => ({
  folder,
  index,
  tokenizer,
  tokenizer2,
  scheduler,
  unknownTensors: [],
});

/** The published base model has both: safetensors win, since they support every size. */
const isExport = async (folder: string): Promise<boolean> => {
  const names = await readdir(join(folder, 'unet')).catch((): string[] => []);
  return names.includes(ONNX_FILE) && !names.some((name) => name.endsWith('.safetensors'));
};

const findExport = async (folder: string): Promise<ModelFiles> => {
  const configs = await readModelConfigs(folder, 'vae_decoder');
  const part = async (config: ModelComponent['config'], ...names: string[]): Promise<ModelComponent> => {
    const weightFiles = names.map((name) => join(folder, name, ONNX_FILE));
    for (const file of weightFiles) await expectFile(file);
    return { folder: join(folder, names.at(-1) ?? ''), config, form: 'onnx', rename: null, weightFiles, variant: null };
  };
  return {
    ...shared(folder, configs),
    unet: await part(configs.unet, 'unet'),
    vae: await part(configs.vae, 'vae_encoder', 'vae_decoder'),
    textEncoder: configs.textEncoder && (await part(configs.textEncoder, 'text_encoder')),
    textEncoder2: await part(configs.textEncoder2, 'text_encoder_2'),
  };
};

const expectFile = async (file: string): Promise<void> => {
  try {
    await access(file);
  } catch (cause) {
    const message = `Cannot read ${file}: ${messageOf(cause)}. Export the model again, or give its safetensors.`;
    throw new RefineError('WEIGHTS_FILE_MISSING', message, { context: { file }, cause });
  }
};
