/** An ONNX network with its weights in a file beside it, as exports over 2 GB are. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import onnxProto from '#onnx-proto';

const { onnx } = onnxProto;

/** Moves the large tensors of `path` to `<path>_data`. */
export const splitWeights = (path: string): void => {
  const model = onnx.ModelProto.decode(readFileSync(path));
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph?.initializer ?? []) {
    const { rawData } = tensor;
    if (!rawData || rawData.length < 1024) continue;
    tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
    tensor.externalData = [
      { key: 'location', value: `${basename(path)}_data` },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(rawData.length) },
    ];
    delete tensor.rawData;
    parts.push(rawData);
    offset += rawData.length;
  }
  writeFileSync(`${path}_data`, Buffer.concat(parts));
  writeFileSync(path, onnx.ModelProto.encode(model).finish());
};
