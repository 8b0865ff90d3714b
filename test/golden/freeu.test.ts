import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import { withFreeU } from '#src/diffusion/pipeline/with-freeu.js';
import { expectUnetForms } from '#src/records/unet-forms.js';
import { sliceBatch, type Tensor } from '#src/tensor/tensor.js';
import { buildCondition, predictNoise } from '#src/diffusion/unet/predict-noise.js';
import { caseTensors, goldenData, maxDifference, readTensors } from '../support/golden.js';

/** The first call of a golden case, with its prompt alone. */
const predict = async (model: string, name: string, freeu: readonly [number, number, number, number]) => {
  const golden = await caseTensors(name);
  const { unet } = await loadModel(goldenData('models', model));
  const of = (key: string): Tensor => sliceBatch(golden(`unet0.${key}`), 1, 2);
  const condition = buildCondition(unet, of('encoder_hidden_states'), of('text_embeds'), [[...of('time_ids').data]]);
  const timestep = golden('unet0.timestep').data[0]!;
  return {
    usual: of('noise_pred'),
    free: await predictNoise(await withFreeU(unet, freeu), of('sample'), timestep, condition),
  };
};

it.each([
  ['tiny-refiner', 'refine-odd-size'],
  ['tiny-base', 'base-text-to-image'],
])('the UNet of %s with FreeU is diffusers’', async (model, name) => {
  const { usual, free } = await predict(model, name, [1.3, 1.4, 0.9, 0.2]);
  const expected = sliceBatch((await readTensors(goldenData('freeu', 'freeu.safetensors')))(name), 1, 2);
  expect(maxDifference(free.data, expected.data)).toBeLessThan(1e-4);
  expect(maxDifference(usual.data, expected.data)).toBeGreaterThan(1e-3);
});

it('FreeU factors of 1 change nothing', async () => {
  const { usual, free } = await predict('tiny-refiner', 'refine-odd-size', [1, 1, 1, 1]);
  expect(maxDifference(free.data, usual.data)).toBeLessThan(1e-5);
});

it('an ONNX export refuses FreeU', async () => {
  const { maxCacheDepth } = await loadModel(goldenData('models', 'tiny-refiner-onnx'));
  const check = (): void => {
    expectUnetForms(maxCacheDepth, { cacheInterval: 1, cacheDepth: 2, freeu: [1, 1, 1, 1] });
  };
  expect(check).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID', context: { field: 'freeu' } }));
});
