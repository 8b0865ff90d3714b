/** Finds the parts of a model in a folder of the diffusers layout. Facts only: what they mean is for the networks. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../errors.js';
import { parseModelIndex, type ModelIndex } from './model-index.js';
import { MAX_CONFIG_BYTES, readJsonObject } from './read-json.js';
import { chooseWeightFiles, type WeightFiles } from './weight-files.js';

export interface ModelPart extends WeightFiles {
  folder: string;
  /** `config.json` as it is: an object, nothing in it checked. */
  config: Readonly<Record<string, unknown>>;
}

export interface ModelFolder {
  /** Absolute. */
  folder: string;
  index: ModelIndex;
  unet: ModelPart;
  vae: ModelPart;
  /** `text_encoder`, CLIP ViT-L; null: a refiner has none. */
  textEncoder: ModelPart | null;
  /** `text_encoder_2`, OpenCLIP ViT-bigG. */
  textEncoder2: ModelPart;
  /** Folder of the first text encoder's tokenizer files; null where that encoder is. */
  tokenizer: string | null;
  /** Folder of the second text encoder's tokenizer files. */
  tokenizer2: string;
  /** `scheduler/scheduler_config.json` as it is. */
  schedulerConfig: Readonly<Record<string, unknown>>;
}

export interface FindModelOptions {
  /** As diffusers' `variant`, such as `fp16`; see `chooseWeightFiles` for the default. */
  variant?: string;
}

/** Names diffusers (`ModelMixin`) and transformers (`PreTrainedModel`) save weights under. */
const DIFFUSERS_STEM = 'diffusion_pytorch_model';
const TRANSFORMERS_STEM = 'model';

/**
 * Finds a model and reads its small JSON files; opens no weights.
 * @throws MODEL_NOT_FOUND, MODEL_CONFIG_INVALID, MODEL_CONFIG_UNSUPPORTED, WEIGHTS_FILE_MISSING
 */
export const findModel = async (path: string, options: FindModelOptions = {}): Promise<ModelFolder> => {
  const folder = resolve(path);
  await expectModelFolder(folder, path);
  const indexFile = join(folder, 'model_index.json');
  const index = parseModelIndex(await readJsonObject(indexFile, MAX_CONFIG_BYTES), indexFile);
  const hasFirstEncoder = index.parts.has('text_encoder');
  const part = (name: string, stem: string): Promise<ModelPart> => findPart(join(folder, name), stem, options);
  return {
    folder,
    index,
    unet: await part('unet', DIFFUSERS_STEM),
    vae: await part('vae', DIFFUSERS_STEM),
    textEncoder: hasFirstEncoder ? await part('text_encoder', TRANSFORMERS_STEM) : null,
    textEncoder2: await part('text_encoder_2', TRANSFORMERS_STEM),
    tokenizer: hasFirstEncoder ? await expectFolder(join(folder, 'tokenizer')) : null,
    tokenizer2: await expectFolder(join(folder, 'tokenizer_2')),
    schedulerConfig: await readJsonObject(join(folder, 'scheduler', 'scheduler_config.json'), MAX_CONFIG_BYTES),
  };
};

const findPart = async (folder: string, stem: string, { variant }: FindModelOptions): Promise<ModelPart> => {
  await expectFolder(folder);
  const config = await readJsonObject(join(folder, 'config.json'), MAX_CONFIG_BYTES);
  return { folder, config, ...(await chooseWeightFiles(folder, stem, variant)) };
};

/** A missing model is the first thing a new user meets, so the common slips are told apart. */
const expectModelFolder = async (folder: string, path: string): Promise<void> => {
  const names = new Set(await listFolder(folder, path));
  if (names.has('model_index.json')) return;
  const what =
    names.has('config.json') || names.has('model.safetensors')
      ? `${folder} is one part of a model. Give the folder above it: ${dirname(folder)}.`
      : names.has('snapshots')
        ? `${folder} is a Hugging Face cache entry. Give the folder of one revision, below ${join(folder, 'snapshots')}.`
        : `${folder} has no model_index.json. Give a model folder in the diffusers layout.`;
  throw notFound(what, folder);
};

const listFolder = async (folder: string, path: string): Promise<string[]> => {
  try {
    return await readdir(folder);
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code === 'ENOTDIR') {
      throw notFound(`${folder} is a file. Give a model folder in the diffusers layout.`, folder, cause);
    }
    if (code !== 'ENOENT') throw notFound(`Cannot read ${folder}: ${messageOf(cause)}.`, folder, cause);
    const hint = /^[\w.-]+\/[\w.-]+$/.test(path)
      ? ` If ${path} is a Hugging Face id: download it first ("hf download ${path} --local-dir ${basename(path)}") and give that folder.`
      : ' Give a model folder in the diffusers layout.';
    throw notFound(`There is no folder ${folder}.${hint}`, folder, cause);
  }
};

const expectFolder = async (folder: string): Promise<string> => {
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory() === true) return folder;
  throw notFound(`There is no folder ${folder}, which model_index.json lists. Download the model again.`, folder);
};

const notFound = (message: string, folder: string, cause?: unknown): RefineError =>
  new RefineError('MODEL_NOT_FOUND', message, { context: { folder }, cause });
