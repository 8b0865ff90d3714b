/** Finds the model at a path. Common mistakes have specific messages, since new users meet them first. */
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { findCheckpoint } from './checkpoint-file.js';
import type { ModelFiles } from './model-files.js';
import { findModelFolder, type FindModelOptions } from './model-folder.js';

const FORMS = 'Give a model folder in the diffusers layout, or a .safetensors checkpoint.';
const SAFETENSORS = '.safetensors';

/** Files that are not safetensors, by extension: what to do instead. */
const OTHER_FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['.ckpt', '.pt', '.pth', '.bin'].map((ending) => [
      ending,
      'is pickled: reading it can run any code in it, so it is not read. ' +
        'Give the safetensors of the same model; where there are none, load it in diffusers (from_single_file) and save it ' +
        'with save_pretrained(folder, safe_serialization=True).',
    ]),
  ),
  '.gguf': 'is a GGUF file: its quantized weights are not read. Give the safetensors of the same model.',
  '.onnx': 'is one network of an export. Give the folder with its model_index.json.',
};

/**
 * Finds a model and reads its configurations or header; opens no weights.
 * @param path folder or file
 * @throws MODEL_NOT_FOUND, MODEL_CONFIG_INVALID, MODEL_CONFIG_UNSUPPORTED, WEIGHTS_FILE_MISSING, WEIGHTS_HEADER_INVALID
 */
export const findModel = async (path: string, options: FindModelOptions = {}): Promise<ModelFiles> => {
  const at = resolve(path);
  const stats = await stat(at).catch((cause: unknown) => {
    throw missing(path, at, cause);
  });
  if (stats.isFile()) {
    expectSafetensors(at);
    return findCheckpoint(at);
  }
  await expectModelFolder(at);
  return findModelFolder(at, options);
};

/** @throws MODEL_CONFIG_UNSUPPORTED for the files of other programs, MODEL_NOT_FOUND for any other */
export const expectSafetensors = (file: string): void => {
  const ending = extname(file).toLowerCase();
  if (ending === SAFETENSORS) return;
  const advice = OTHER_FILES[ending];
  if (advice !== undefined) throw new RefineError('MODEL_CONFIG_UNSUPPORTED', `${file} ${advice}`, { context: { file } });
  throw notFound(`${file} is not a .safetensors file. ${FORMS}`, file);
};

const expectModelFolder = async (folder: string): Promise<void> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw notFound(`Cannot read ${folder}: ${messageOf(cause)}.`, folder, cause);
  });
  if (names.includes('model_index.json')) return;
  const checkpoints = names.filter((name) => name.endsWith(SAFETENSORS));
  const what =
    names.includes('config.json') || names.includes('model.safetensors')
      ? `${folder} is one part of a model. Give the folder above it: ${dirname(folder)}.`
      : names.includes('snapshots')
        ? `${folder} is a Hugging Face cache entry. Give the folder of one revision, below ${join(folder, 'snapshots')}.`
        : `${folder} has no model_index.json. ` +
          (checkpoints.length > 0 ? `Give one of the files in it: ${checkpoints.slice(0, 5).join(', ')}.` : FORMS);
  throw notFound(what, folder);
};

const missing = (path: string, at: string, cause: unknown): RefineError => {
  if (systemCodeOf(cause) !== 'ENOENT') return notFound(`Cannot read ${at}: ${messageOf(cause)}.`, at, cause);
  const isFile = extname(path) === SAFETENSORS;
  const hint =
    /^[\w.-]+\/[\w.-]+$/.test(path) && !isFile
      ? `If ${path} is a Hugging Face id: download it first, with "sdxl-refine models pull ${path}".`
      : FORMS;
  return notFound(`There is no ${isFile ? 'file' : 'folder'} ${at}. ${hint}`, at, cause);
};

const notFound = (message: string, at: string, cause?: unknown): RefineError =>
  new RefineError('MODEL_NOT_FOUND', message, { context: { folder: at }, cause });
