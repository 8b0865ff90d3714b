/** The result of `findModel`: a model's components, in any form. Types only. */
import type { ModelIndex } from './model-index.js';
import type { WeightFiles } from './weight-files.js';
import type { StoredTensor } from '../weight-map.js';

/** A model's default settings, in its folder; validated by app/cli. */
export const DEFAULTS_FILE = 'refine-defaults.json';

type Config = Readonly<Record<string, unknown>>;

export interface ModelComponent extends WeightFiles {
  /** The folder, or the file of the whole model; for messages. */
  folder: string;
  /** `config.json`, not validated. */
  config: Config;
  /** `onnx`: the files are networks; the VAE has two, encoder and decoder. */
  form: 'safetensors' | 'onnx';
  /** Maps names and shapes in the files to those of diffusers and transformers; null: they are the same. */
  rename: Rename | null;
}

export type Tensors = ReadonlyMap<string, StoredTensor>;
export type Rename = (tensors: Tensors) => Tensors;

/** The configurations of a model folder, not validated. */
export interface ModelConfigs {
  index: ModelIndex;
  unet: Config;
  vae: Config;
  textEncoder: Config | null;
  textEncoder2: Config;
  /** Folder of the first text encoder's tokenizer files; null: the bundled one. */
  tokenizer: string | null;
  /** Folder of the second text encoder's tokenizer files; null as above. */
  tokenizer2: string | null;
  /** `scheduler/scheduler_config.json`. */
  scheduler: Config;
}

export interface ModelFiles extends Pick<ModelConfigs, 'index' | 'tokenizer' | 'tokenizer2' | 'scheduler'> {
  /** Absolute: a folder, or a file. */
  folder: string;
  unet: ModelComponent;
  vae: ModelComponent;
  /** `text_encoder`, CLIP ViT-L; null: a refiner has none. */
  textEncoder: ModelComponent | null;
  /** `text_encoder_2`, OpenCLIP ViT-bigG. */
  textEncoder2: ModelComponent;
  /** Tensors that belong to no component. */
  unknownTensors: readonly string[];
}
