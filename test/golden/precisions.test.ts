/** Weights in float32, float16, bfloat16 and all three in one file: numbers that all can hold give one prediction. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import { toFloat16 } from '#src/tensor/float16.js';
import type { Tensor } from '#src/tensor/tensor.js';
import { encodePrompts } from '#src/diffusion/text/encode-prompt.js';
import { buildCondition, predictNoise } from '#src/diffusion/unet/predict-noise.js';
import { decode } from '#src/diffusion/vae/autoencoder.js';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import type { Weight } from '#src/models/weights/weight-map.js';
import { caseTensors, goldenData, maxDifference } from '../support/golden.js';
import { temporaryFolder } from '../support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Dtype = 'F32' | 'F16' | 'BF16';
const PARTS = ['unet/diffusion_pytorch_model', 'vae/diffusion_pytorch_model', 'text_encoder_2/model'];

/** Of float32, the part that is a bfloat16 and, cut at its small end, a float16. */
const holdable = (numbers: Float32Array): Float32Array => {
  const cut = new Float32Array(Uint32Array.from(new Uint32Array(numbers.buffer), (bits) => bits & 0xffff0000).buffer);
  return cut.map((value) => (Math.abs(value) < 2 ** -14 ? 0 : value));
};
const BYTES: Readonly<Record<Dtype, (numbers: Float32Array) => Uint8Array>> = {
  F32: (numbers) => new Uint8Array(numbers.buffer),
  F16: (numbers) => new Uint8Array(toFloat16(numbers).buffer),
  BF16: (numbers) => new Uint8Array(Uint16Array.from(new Uint32Array(numbers.buffer), (bits) => bits >>> 16).buffer),
};

interface Numbers {
  name: string;
  shape: readonly number[];
  numbers: Float32Array;
}
const parts = new Map<string, Numbers[]>();
const source = goldenData('models/tiny-refiner');

beforeAll(async () => {
  for (const part of PARTS) {
    const { file, tensors } = await openSafetensors(join(source, `${part}.fp16.safetensors`));
    const all: Numbers[] = [];
    for (const [name, entry] of tensors) {
      const numbers = holdable(await readTensorF32({ ...entry, file } as Weight));
      all.push({ name, shape: entry.shape, numbers });
    }
    parts.set(part, all);
  }
});

/** The tiny refiner, each tensor in the type that `choose` says. */
const modelIn = (name: string, choose: (index: number) => Dtype): string => {
  const copy = join(folder, name);
  cpSync(source, copy, { recursive: true, filter: (path) => !path.endsWith('.safetensors') });
  for (const [part, tensors] of parts) {
    const data = tensors.map(({ numbers }, index) => BYTES[choose(index)](numbers));
    let end = 0;
    const entries = tensors.map(({ name: key, shape }, index) => {
      const begin = end;
      end += data[index]!.length;
      return [key, { dtype: choose(index), shape, data_offsets: [begin, end] }] as const;
    });
    const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(join(copy, `${part}.safetensors`), Buffer.concat([prefix, json, ...data]));
  }
  return copy;
};

const outputsOf = async (path: string): Promise<Tensor[]> => {
  const { textEncoders, unet, vae } = await loadModel(path);
  const golden = await caseTensors('refine-default');
  const { hidden, pooled } = await encodePrompts(textEncoders, ['a red cube']);
  const condition = buildCondition(unet, hidden, pooled, [[64, 64, 0, 0, 6]]);
  const latents = golden('init_latents');
  return [hidden, pooled, await predictNoise(unet, latents, 281, condition), await decode(vae, latents)];
};

it('weights of every dtype, and of mixed dtypes, give equal results', async () => {
  const MIX = ['F32', 'F16', 'BF16'] as const;
  const expected = await outputsOf(modelIn('float32', () => 'F32'));
  for (const [name, choose] of [
    ['float16', () => 'F16'],
    ['bfloat16', () => 'BF16'],
    ['mixed', (index) => MIX[index % 3]!],
  ] as [string, (index: number) => Dtype][]) {
    const outputs = await outputsOf(modelIn(name, choose));
    for (const [index, output] of outputs.entries()) {
      expect(maxDifference(output.data, expected[index]!.data)).toBeLessThan(1e-5);
    }
  }
});
