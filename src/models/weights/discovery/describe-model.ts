/** Describes a model by its configurations and the headers of its weights. */
import { findModel } from './find-model.js';
import { fingerprintModel } from './fingerprint-model.js';
import type { ModelComponent } from './model-files.js';
import { openComponent } from './open-weights.js';

export interface PartDescription {
  name: string;
  files: readonly string[];
  /** null: an ONNX export, whose networks are not parsed. */
  parameters: number | null;
  /** Of the stored tensors: `F16`; several if mixed. */
  dtypes: readonly string[];
  /** Bytes of all tensors; null as above. */
  bytes: number | null;
}

export interface ModelDescription {
  /** Absolute. */
  path: string;
  kind: 'base' | 'refiner';
  /** diffusers' class name. */
  pipeline: string;
  scheduler: string;
  /** SHA-256, as in results' digests and image metadata. */
  fingerprint: string;
  parts: readonly PartDescription[];
}

/** @param path a folder or file @throws MODEL_* WEIGHTS_* */
export const describeModel = async (path: string): Promise<ModelDescription> => {
  const model = await findModel(path);
  const { index, textEncoder, textEncoder2, unet, vae, scheduler } = model;
  const parts: (readonly [string, ModelComponent | null])[] = [
    ['text_encoder', textEncoder],
    ['text_encoder_2', textEncoder2],
    ['unet', unet],
    ['vae', vae],
  ];
  const described = await Promise.all(
    parts.flatMap(([name, part]) => (part === null ? [] : [describePart(name, part)])),
  );
  const { _class_name: schedulerName } = scheduler;
  return {
    path: model.folder,
    kind: index.requiresAestheticsScore || textEncoder === null ? 'refiner' : 'base',
    pipeline: index.className,
    scheduler: typeof schedulerName === 'string' ? schedulerName : 'unnamed',
    fingerprint: await fingerprintModel(model),
    parts: described,
  };
};

const describePart = async (name: string, part: ModelComponent): Promise<PartDescription> => {
  const files = part.weightFiles;
  if (part.form === 'onnx') return { name, files, parameters: null, dtypes: [], bytes: null };
  const tensors = Array.from((await openComponent(part)).entries(), ([, tensor]) => tensor);
  return {
    name,
    files,
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0),
    dtypes: [...new Set(tensors.map(({ dtype }) => dtype))].sort(),
    bytes: tensors.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
};
