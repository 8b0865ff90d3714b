/** Writes float32 tensors as a `.safetensors` file. */
import { writeFileSync } from 'node:fs';

export interface RawTensor {
  shape: readonly number[];
  data: Float32Array;
}

export const writeSafetensors = (
  path: string,
  tensors: ReadonlyMap<string, RawTensor>,
  metadata?: Readonly<Record<string, string>>,
): void => {
  let offset = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  for (const [name, { shape, data }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const parts = Array.from(tensors.values(), ({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  writeFileSync(path, Buffer.concat([length, json, ...parts]));
};
