/** An image classifier in the layout that Hugging Face publishes them in, made where it is needed: bright pictures are "nsfw". */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import onnxProto from '#onnx-proto';

const { onnx } = onnxProto;
const { FLOAT, INT64 } = onnx.TensorProto.DataType;
const { INT } = onnx.AttributeProto.AttributeType;

export const PREPROCESSOR = {
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
  image_processor_type: 'ViTImageProcessor',
  resample: 2,
  rescale_factor: 0.00392156862745098,
  size: { height: 24, width: 24 },
};

export interface ClassifierParts {
  labels?: readonly string[];
  /** Of each label's logit what the mean of each channel, -1 to 1, is multiplied by. */
  weights?: readonly (readonly number[])[];
  config?: object;
  preprocessor?: object;
  network?: string;
}

const floats = (name: string, dims: number[], values: readonly number[]): object => ({
  name,
  dims,
  dataType: FLOAT,
  rawData: new Uint8Array(Float32Array.from(values).buffer),
});
const value = (name: string, dims: (string | number)[]): object => ({
  name,
  type: {
    tensorType: {
      elemType: FLOAT,
      shape: { dim: dims.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
});

/** logits = mean over height and width, times weights. @returns the folder */
export const writeClassifier = (folder: string, parts: ClassifierParts = {}): string => {
  const { labels = ['normal', 'nsfw'], network = join('onnx', 'model.onnx') } = parts;
  const { weights = labels.map((label) => (label === 'nsfw' ? [2, 2, 2] : [0, 0, 0])) } = parts;
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const columns = [0, 1, 2].flatMap((channel) => weights.map((row) => row[channel]!));
  const model = onnx.ModelProto.encode({
    irVersion: 9,
    opsetImport: [{ domain: '', version: 18 }],
    graph: {
      name: 'classifier',
      node: [
        {
          opType: 'ReduceMean',
          input: ['pixel_values', 'axes'],
          output: ['means'],
          attribute: [{ name: 'keepdims', type: INT, i: 0 }],
        },
        { opType: 'MatMul', input: ['means', 'weights'], output: ['logits'] },
      ],
      initializer: [
        floats('weights', [3, labels.length], columns),
        { name: 'axes', dims: [2], dataType: INT64, rawData: new Uint8Array(BigInt64Array.of(2n, 3n).buffer) },
      ],
      input: [value('pixel_values', ['batch_size', 3, 'height', 'width'])],
      output: [value('logits', ['batch_size', labels.length])],
    },
  }).finish();
  writeFileSync(join(folder, network), model);
  const id2label = Object.fromEntries(labels.map((label, index) => [String(index), label]));
  const config = { architectures: ['ViTForImageClassification'], model_type: 'vit', id2label, ...parts.config };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify({ ...PREPROCESSOR, ...parts.preprocessor }));
  return folder;
};
