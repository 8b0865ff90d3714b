/** The golden data: what the reference implementation computed (test/golden/data/README.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tensor, type Tensor } from '#src/tensor/tensor.js';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import type { Weight } from '#src/models/weights/weight-map.js';

/** Tests run compiled, from build/test; data stays with the sources. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const goldenData = (...path: string[]): string => join(root, 'test/golden/data', ...path);

/** All float tensors of a safetensors file. */
export const readTensors = async (path: string): Promise<(name: string) => Tensor> => {
  const { file, tensors: entries } = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of entries) {
    tensors.set(name, tensor(await readTensorF32({ ...entry, file } as Weight), entry.shape));
  }
  return (name) => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`${path} has no ${name}`);
    return found;
  };
};

export interface GoldenCase {
  prompt: string | string[];
  negative_prompt?: string | string[];
  seed: number | number[];
  strength?: number;
  num_inference_steps?: number;
  guidance_scale?: number;
  aesthetic_score?: number;
  negative_aesthetic_score?: number;
  denoising_start?: number;
  denoising_end?: number;
  width?: number;
  height?: number;
  unet_timesteps: number[];
  scheduler_config: Record<string, unknown>;
  images: number;
  model: string;
  image: string | string[] | null;
  latents_from?: string;
}

export const readCase = (name: string): GoldenCase =>
  JSON.parse(readFileSync(goldenData('cases', name, 'case.json'), 'utf8')) as GoldenCase;

export const caseTensors = (name: string): Promise<(tensorName: string) => Tensor> =>
  readTensors(goldenData('cases', name, 'tensors.safetensors'));

/** The largest |a - b|. */
export const maxDifference = (a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length) throw new Error(`${a.length} numbers against ${b.length}`);
  return a.reduce((largest, value, index) => {
    const difference = Math.abs(value - b[index]!);
    return difference > largest || Number.isNaN(difference) ? difference : largest;
  }, 0);
};
