/** Golden tensors from a `.safetensors` file, without the product's own reader. Every golden tensor is f32. */
import { readFileSync } from 'node:fs';

export type GoldenTensors = Readonly<Record<string, Float32Array>>;

export const readSafetensors = (path: string | URL): GoldenTensors => {
  const file = readFileSync(path);
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, headerEnd)) as Record<string, { data_offsets: [number, number] }>;
  const tensors: Record<string, Float32Array> = {};
  for (const [name, { data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [start, end] = offsets.map((offset) => headerEnd + offset);
    tensors[name] = new Float32Array(new Uint8Array(file.subarray(start, end)).buffer);
  }
  return tensors;
};
