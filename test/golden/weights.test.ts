/** The tiny models' weights, against safetensors 0.8.0 and numpy 2.4.6 reading the same files. */
import { findModel } from '#src/models/weights/discovery/find-model.js';
import type { ModelComponent } from '#src/models/weights/discovery/model-files.js';
import { openWeights } from '#src/models/weights/discovery/open-weights.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import type { WeightMap } from '#src/models/weights/weight-map.js';
import { goldenData } from '../support/golden.js';

const sum = (numbers: Float32Array): number => numbers.reduce((total, value) => total + value, 0);
const open = (part: ModelComponent): Promise<WeightMap> => openWeights(part.weightFiles);
const fileNames = (part: ModelComponent): string[] =>
  part.weightFiles.map((path) => path.slice(part.folder.length + 1));

it('tiny-refiner: fp16 files only, one text encoder', async () => {
  const model = await findModel(goldenData('models', 'tiny-refiner'));
  expect(model.index).toMatchObject({
    className: 'StableDiffusionXLImg2ImgPipeline',
    requiresAestheticsScore: true,
    forceZerosForEmptyPrompt: false,
  });
  expect(model.textEncoder).toBeNull();
  expect(model.tokenizer).toBeNull();
  expect(model.tokenizer2).toBe(goldenData('models', 'tiny-refiner', 'tokenizer_2'));
  expect(model.scheduler['_class_name']).toBe('EulerDiscreteScheduler');
  expect(model.unet.config['_class_name']).toBe('UNet2DConditionModel');
  expect([model.unet, model.vae, model.textEncoder2].map((part) => [part.variant, ...fileNames(part)])).toEqual([
    ['fp16', 'diffusion_pytorch_model.fp16.safetensors'],
    ['fp16', 'diffusion_pytorch_model.fp16.safetensors'],
    ['fp16', 'model.fp16.safetensors'],
  ]);
  expect((await open(model.unet)).size).toBe(778);
  expect((await open(model.vae)).size).toBe(240);
  expect((await open(model.textEncoder2)).size).toBe(53);
});

it('tiny-base: plain files, a sharded UNet, two text encoders', async () => {
  const model = await findModel(goldenData('models', 'tiny-base'), { variant: 'fp16' });
  expect(model.index).toMatchObject({
    className: 'StableDiffusionXLPipeline',
    requiresAestheticsScore: false,
    forceZerosForEmptyPrompt: true,
  });
  expect(model.tokenizer).toBe(goldenData('models', 'tiny-base', 'tokenizer'));
  expect([model.unet.variant, ...fileNames(model.unet)]).toEqual([
    null,
    ...[1, 2, 3, 4].map((shard) => `diffusion_pytorch_model-0000${shard}-of-00004.safetensors`),
  ]);
  expect((await open(model.unet)).size).toBe(738);
  expect((await open(model.vae)).size).toBe(240);
  expect((await open(model.textEncoder!)).size).toBe(52);
  expect((await open(model.textEncoder2)).size).toBe(53);
});

it('a convolution’s weight is read exactly', async () => {
  const { unet } = await findModel(goldenData('models', 'tiny-refiner'));
  const numbers = await readTensorF32((await open(unet)).require('conv_in.weight', [32, 4, 3, 3]));
  const first = [0.038238525390625, -0.0396728515625, 0.04571533203125, -0.008514404296875];
  expect([...numbers.subarray(0, 4)]).toEqual(first);
  expect(sum(numbers)).toBeCloseTo(-4.483023643493652, 12);
});

it('rows of a token embedding are read exactly', async () => {
  const { textEncoder2 } = await findModel(goldenData('models', 'tiny-refiner'));
  const table = (await open(textEncoder2)).require('text_model.embeddings.token_embedding.weight', [2002, 64]);
  const numbers = await readTensorF32(table);
  const row = (index: number) => numbers.subarray(64 * index, 64 * (index + 1));
  expect([...row(2001).subarray(0, 2)]).toEqual([0.07086181640625, -0.0171661376953125]);
  expect(sum(row(2001))).toBeCloseTo(0.016822218894958496, 12);
  expect(sum(row(5))).toBeCloseTo(-0.16479742527008057, 12);
});

it('every float of both models is read and finite', async () => {
  for (const name of ['tiny-refiner', 'tiny-base']) {
    const { unet, vae, textEncoder, textEncoder2 } = await findModel(goldenData('models', name));
    for (const part of [unet, vae, textEncoder2, textEncoder]) {
      if (part === null) continue;
      const weights = await open(part);
      for (const [tensor, { shape }] of weights.entries()) {
        const numbers = await readTensorF32(weights.require(tensor, shape));
        expect([tensor, numbers.findIndex((value) => !Number.isFinite(value))]).toEqual([tensor, -1]);
      }
      expect(weights.unused()).toEqual([]);
    }
  }
});
