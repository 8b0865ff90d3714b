/** Reads a classifier's folder, as published on Hugging Face: network, labels and picture preprocessing. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RefineError } from '../../errors.js';
import type { ClassifierSize } from '../../media/image/classifier-pixels.js';
import { isObject } from '../../io/json/parse-json.js';
import { formatValue } from '../../models/weights/safetensors/format-value.js';
import { readJsonObject } from '../../models/weights/discovery/read-json.js';

export interface ClassifierFiles {
  /** The network, ONNX. */
  network: string;
  /** In the order of the network's outputs. */
  labels: readonly string[];
  /** Whether labels exclude each other: their probabilities add up to 1. */
  isExclusive: boolean;
  size: ClassifierSize;
  /** Factor of colours, 0 to 255; then `mean` is subtracted, and the difference divided by `deviation`. */
  scale: number;
  mean: readonly number[];
  deviation: readonly number[];
}

/** Paths of the network in exports (transformers.js: `onnx/model.onnx`; optimum: `model.onnx`). */
const NETWORKS = [join('onnx', 'model.onnx'), 'model.onnx'];
/** Resampling filters by Pillow's numbers, as in `resample`. */
const KERNELS: Readonly<Record<number, ClassifierSize['kernel']>> = {
  0: 'nearest',
  1: 'lanczos3',
  2: 'linear',
  3: 'cubic',
};
/** The default of transformers' ViT image processor. */
const BILINEAR = 2;
const LARGEST_SIDE = 2048;

/** @param path of the folder, or of a network in it or in its folder `onnx` @throws MODEL_NOT_FOUND MODEL_CONFIG_INVALID MODEL_CONFIG_UNSUPPORTED */
export const readClassifier = async (path: string): Promise<ClassifierFiles> => {
  const network = await findNetwork(path);
  const folder = await findFolder(path, network);
  const config = await readJsonObject(join(folder, 'config.json'), 'modelConfig');
  const processor = await readJsonObject(join(folder, 'preprocessor_config.json'), 'modelConfig');
  const { do_rescale: rescales = true, rescale_factor: factor = 1 / 255, do_normalize: normalizes = true } = processor;
  const orPlain = (name: string, plain: readonly number[]): readonly number[] =>
    normalizes === true ? readThree(processor[name], name, folder) : plain;
  return {
    network,
    labels: readLabels(config, folder),
    isExclusive: config['problem_type'] !== 'multi_label_classification',
    size: readSize(processor, folder),
    scale: rescales === true && typeof factor === 'number' ? factor : 1,
    mean: orPlain('image_mean', [0, 0, 0]),
    deviation: orPlain('image_std', [1, 1, 1]),
  };
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );

const findNetwork = async (path: string): Promise<string> => {
  if (await isFile(path)) return path;
  for (const name of NETWORKS) if (await isFile(join(path, name))) return join(path, name);
  const names = (await readdir(path).catch(() => [])).filter((name) => name.endsWith('.onnx'));
  const [only] = names;
  if (names.length === 1 && only !== undefined) return join(path, only);
  throw new RefineError(
    'MODEL_NOT_FOUND',
    `Expected --safety-model to be an image classifier as ONNX: a file, or a folder with ${NETWORKS.join(' or ')}. Found none at ${path}. Download one (see docs/content-safety.md).`,
    { context: { path } },
  );
};

const findFolder = async (path: string, network: string): Promise<string> => {
  const parent = dirname(network);
  if (basename(parent) === 'onnx' && !(await isFile(join(parent, 'config.json')))) return dirname(parent);
  return path === network ? parent : path;
};

const invalid = (folder: string, file: string, what: string): RefineError =>
  new RefineError('MODEL_CONFIG_INVALID', `Expected ${join(folder, file)} to have ${what}. Download it again.`, {
    context: { folder },
  });

const readLabels = ({ id2label: given }: Record<string, unknown>, folder: string): string[] => {
  const labels = isObject(given) ? Object.keys(given).map((_, index) => given[String(index)]) : [];
  if (labels.length === 0 || !labels.every((label) => typeof label === 'string')) {
    throw invalid(folder, 'config.json', `labels from 0 on as id2label, found ${formatValue(given)}`);
  }
  return labels;
};

const PREPROCESSOR = 'preprocessor_config.json';

const readThree = (given: unknown, name: string, folder: string): readonly number[] => {
  if (Array.isArray(given) && given.length === 3 && given.every((value) => Number.isFinite(value)))
    return given as number[];
  throw invalid(folder, PREPROCESSOR, `three numbers as ${name}, found ${formatValue(given)}`);
};

const readSize = (processor: Record<string, unknown>, folder: string): ClassifierSize => {
  const { size, crop_size: crop, do_center_crop: crops, resample = BILINEAR } = processor;
  const isSide = (side: unknown): side is number =>
    Number.isInteger(side) && Number(side) >= 1 && Number(side) <= LARGEST_SIDE;
  const both = (given: unknown): { width: number; height: number } | null => {
    if (isSide(given)) return { width: given, height: given };
    const { width, height } = Object(given) as Record<string, unknown>;
    return isSide(width) && isSide(height) ? { width, height } : null;
  };
  const { shortest_edge: shortest } = Object(size) as Record<string, unknown>;
  const resize = isSide(shortest) ? { shortest } : both(size);
  const kernel = KERNELS[Number(resample)];
  const cut = crops === true ? both(crop) : null;
  if (resize === null || kernel === undefined || (crops === true && cut === null)) {
    throw new RefineError(
      'MODEL_CONFIG_UNSUPPORTED',
      `Expected ${join(folder, PREPROCESSOR)} to resize to a height and width or a shortest_edge (at most ${LARGEST_SIDE}) with a filter 0 to 3, and to crop to a crop_size; found ${formatValue({ size, crop_size: crop, resample })}. Choose another classifier.`,
      { context: { folder } },
    );
  }
  return { resize, crop: cut, kernel };
};
