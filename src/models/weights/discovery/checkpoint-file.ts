/** Finds the components of a one-file checkpoint (`sd_xl_refiner_1.0.safetensors`). */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError } from '../../../errors.js';
import { openClipNames, unetNames, vaeNames } from './checkpoint-names.js';
import { readModelConfigs } from './model-configs.js';
import type { ModelConfigs, ModelFiles, ModelComponent, Rename, Tensors } from './model-files.js';
import { openSafetensors, type SafetensorsFile } from '../safetensors/open-safetensors.js';
import { BASE_UNET, CLIP_BIG_G, CLIP_L, REFINER_UNET, SDXL_SCHEDULER, SDXL_VAE } from './published-configs.js';
import { recognizeTensors } from './recognize-tensors.js';

const UNET = 'model.diffusion_model.';
export const VAE = 'first_stage_model.';
const embedder = (index: number): string => `conditioner.embedders.${index}.`;
/** Tensors of published checkpoints that belong to no network. */
const KNOWN_EXTRAS = /^(denoiser\.|model_ema\.|loss\.|v_pred$|ztsnr$|(alphas|betas|sqrt|log|posterior)_?)/;

/**
 * @param path a safetensors file
 * @throws MODEL_CONFIG_UNSUPPORTED saying what the file is and what to give; WEIGHTS_FILE_MISSING WEIGHTS_HEADER_INVALID,
 * and as `readModelConfigs`
 */
export const findCheckpoint = async (path: string): Promise<ModelFiles> => {
  const opened = await openSafetensors(path);
  const recognized = recognizeTensors(opened.tensors);
  if (recognized.usable === null) throw notAModel(path, recognized.what, recognized.mend);
  if (recognized.usable === 'vae') {
    throw notAModel(path, 'a VAE alone', 'Give it as --vae, beside the --model that it is for.');
  }
  const isBase = recognized.usable === 'base';
  const configs = (await configsBeside(path)) ?? published(opened, isBase, path);
  const part = (config: ModelComponent['config'], prefix: string, names: Rename | null): ModelComponent => ({
    folder: path,
    config,
    form: 'safetensors',
    weightFiles: [path],
    variant: null,
    rename: (tensors) => {
      const own = withoutPrefix(prefix, tensors);
      if (own.size === 0) throw lacks(path, prefix);
      return names === null ? own : names(own);
    },
  });
  const prefixes = [UNET, VAE, embedder(0), ...(isBase ? [embedder(1)] : [])];
  const { index, tokenizer, tokenizer2, scheduler } = configs;
  return {
    folder: path,
    index,
    tokenizer,
    tokenizer2,
    scheduler,
    unet: part(configs.unet, UNET, unetNames),
    vae: part(configs.vae, VAE, vaeNames),
    textEncoder: configs.textEncoder && part(configs.textEncoder, `${embedder(0)}transformer.`, null),
    textEncoder2: part(configs.textEncoder2, `${embedder(isBase ? 1 : 0)}model.`, openClipNames),
    unknownTensors: [...opened.tensors.keys()].filter(
      (name) => !KNOWN_EXTRAS.test(name) && !prefixes.some((prefix) => name.startsWith(prefix)),
    ),
  };
};

/** The tensors whose names begin with `prefix`, with the prefix removed. */
export const withoutPrefix = (prefix: string, tensors: Tensors): Tensors =>
  new Map(
    Array.from(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );

/** `models/mine.safetensors` may have configurations and tokenizers in `models/mine/`, in the diffusers layout. */
const folderBeside = (path: string): string => path.replace(/\.safetensors$/i, '');

const configsBeside = async (path: string): Promise<ModelConfigs | null> => {
  const folder = folderBeside(path);
  const stats = await stat(join(folder, 'model_index.json')).catch(() => undefined);
  return stats?.isFile() === true && folder !== path ? readModelConfigs(folder) : null;
};

/** The published configurations, which fine-tunes do not change. Other shapes are errors when the networks are written. */
const published = ({ tensors }: SafetensorsFile, isBase: boolean, path: string): ModelConfigs => {
  const unet = isBase ? BASE_UNET : REFINER_UNET;
  const channels = tensors.get(`${UNET}input_blocks.0.0.weight`)?.shape[0];
  const [expected] = unet['block_out_channels'] as number[];
  if (channels !== expected) {
    const message =
      `Expected the UNet to begin with ${expected} channels, as SDXL's ${isBase ? 'base' : 'refiner'}, found ${channels ?? 'none'} in ${path}. ` +
      `A checkpoint has no configuration: put the model's folder without the weights at ${folderBeside(path)}.`;
    throw new RefineError('MODEL_CONFIG_UNSUPPORTED', message, { context: { file: path } });
  }
  return {
    index: {
      parts: new Map(),
      className: isBase ? 'StableDiffusionXLPipeline' : 'StableDiffusionXLImg2ImgPipeline',
      requiresAestheticsScore: !isBase,
      forceZerosForEmptyPrompt: isBase,
    },
    unet,
    vae: SDXL_VAE,
    textEncoder: isBase ? CLIP_L : null,
    textEncoder2: CLIP_BIG_G,
    tokenizer: null,
    tokenizer2: null,
    // Fine-tunes for v-prediction have an empty marker tensor, which ComfyUI and others read.
    scheduler: {
      ...SDXL_SCHEDULER,
      ...(tensors.has('v_pred') ? { prediction_type: 'v_prediction' } : {}),
      ...(tensors.has('ztsnr') ? { rescale_betas_zero_snr: true } : {}),
    },
  };
};

const lacks = (path: string, prefix: string): RefineError =>
  notAModel(
    path,
    `a checkpoint without any ${prefix}* tensor`,
    prefix === VAE ? 'Give its VAE as --vae.' : 'Give a checkpoint with all components of the model.',
  );

const notAModel = (path: string, what: string, mend: string): RefineError =>
  new RefineError('MODEL_CONFIG_UNSUPPORTED', `${path} is ${what}. ${mend}`, { context: { file: path } });
