/** What `findModel` finds: a model's parts, whatever form they lie in. */
import type { ModelIndex } from './model-index.js';
import type { WeightFiles } from './weight-files.js';
import type { StoredTensor } from '../weight-map.js';

/** In a model's folder: settings that it was made for. What may be in it is the command line's to say. */
export const DEFAULTS_FILE = 'refine-defaults.json';

type Config = Readonly<Record<string, unknown>>;

export interface ModelPart extends WeightFiles {
  /** The folder, or the file of the whole model: for people. */
  folder: string;
  /** `config.json` as it is: an object, nothing in it checked. */
  config: Config;
  /** `onnx`: the files are written networks, for the VAE encoder and decoder. */
  form: 'safetensors' | 'onnx';
  /** From the names and shapes in the files to those that networks ask for; null: they are the same. */
  rename: Rename | null;
}

export type Tensors = ReadonlyMap<string, StoredTensor>;
export type Rename = (tensors: Tensors) => Tensors;

/** What weights do not say of themselves: the small JSON files of a model folder, nothing in them checked. */
export interface ModelConfigs {
  index: ModelIndex;
  unet: Config;
  vae: Config;
  textEncoder: Config | null;
  textEncoder2: Config;
  /** Folder of the first text encoder's tokenizer files; null: CLIP's own, which come with the program. */
  tokenizer: string | null;
  /** Folder of the second text encoder's tokenizer files; null as above. */
  tokenizer2: string | null;
  /** `scheduler/scheduler_config.json`. */
  scheduler: Config;
}

export interface ModelFiles extends Pick<ModelConfigs, 'index' | 'tokenizer' | 'tokenizer2' | 'scheduler'> {
  /** Absolute: a folder, or a file. */
  folder: string;
  unet: ModelPart;
  vae: ModelPart;
  /** `text_encoder`, CLIP ViT-L; null: a refiner has none. */
  textEncoder: ModelPart | null;
  /** `text_encoder_2`, OpenCLIP ViT-bigG. */
  textEncoder2: ModelPart;
  /** Tensors that belong to no part. */
  strangers: readonly string[];
}
