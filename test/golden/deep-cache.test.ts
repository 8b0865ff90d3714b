import { generate } from '#src/diffusion/pipeline/generate.js';
import { openDeepCache } from '#src/diffusion/pipeline/open-deep-cache.js';
import { refine } from '#src/diffusion/pipeline/refine.js';
import { expectUnetForms } from '#src/records/unet-forms.js';
import type { GenerateJob, RefineJob, RefineReply } from '#src/records/job.js';
import { loadModel, type Model } from '#src/diffusion/pipeline/load-model.js';
import { withFreeU } from '#src/diffusion/pipeline/with-freeu.js';
import { maxCacheDepth } from '#src/models/networks/unet.js';
import { sliceBatch, type Tensor } from '#src/tensor/tensor.js';
import { buildCondition } from '#src/diffusion/unet/predict-noise.js';
import { plainSettings } from '../support/settings.js';
import { caseTensors, goldenData, maxDifference, readTensors } from '../support/golden.js';

const CASES = [
  ['tiny-refiner', 'refine-odd-size'],
  ['tiny-base', 'base-text-to-image'],
] as const;

it.each(CASES)(
  'the finest layers of %s with the deep features of the same call are the whole UNet',
  async (model, name) => {
    const golden = await caseTensors(name);
    const { unet: plain } = await loadModel(goldenData('models', model));
    const of = (key: string): Tensor => sliceBatch(golden(`unet0.${key}`), 1, 2);
    const condition = buildCondition(plain, of('encoder_hidden_states'), of('text_embeds'), [[...of('time_ids').data]]);
    const timestep = golden('unet0.timestep').data[0]!;
    for (const [unet, tolerance] of [
      [plain, 1e-4],
      [await withFreeU(plain, [1.3, 1.4, 0.9, 0.2]), Infinity],
    ] as const) {
      for (let cacheDepth = 1; cacheDepth <= maxCacheDepth(unet.config); cacheDepth++) {
        const cache = (await openDeepCache(unet, { cacheInterval: 2, cacheDepth }, 1))!;
        const predict = (call: number) => cache.predict(unet, of('sample'), { timestep, condition, call });
        const [whole, shallow] = [await predict(0), await predict(1)];
        expect(shallow.isCached).toBe(true);
        expect(shallow.prediction.data).toEqual(whole.prediction.data);
        expect(maxDifference(whole.prediction.data, of('noise_pred').data)).toBeLessThan(tolerance);
      }
    }
  },
);

const [refiner, base] = ['tiny-refiner', 'tiny-base'].map((model) => loadModel(goldenData('models', model))) as [
  Promise<Model>,
  Promise<Model>,
];
const SEED = 9;
const STEPS = 8;

const latentsOf = async (steps: AsyncGenerator<unknown, RefineReply>): Promise<Float32Array> => {
  for (;;) {
    const { done, value } = await steps.next();
    if (done !== true) continue;
    const { output } = value;
    if (output.kind !== 'latents') throw new Error(`expected latents, found ${output.kind}`);
    return output.latents.data;
  }
};

describe.each([2, 3])('one whole UNet in %d steps', (cacheInterval) => {
  it.each([1, 2, 3])('at depth %d gives the latents of the authors’ program', async (cacheDepth) => {
    const expected = await readTensors(goldenData('deep-cache', 'deep-cache.safetensors'));
    const settings = { ...plainSettings, seed: SEED, steps: STEPS, cacheInterval, cacheDepth };
    const image = (await caseTensors('refine-odd-size'))('vae.encode.input');
    const [, , height = 0, width = 0] = image.dims;
    const data = Uint8Array.from({ length: height * width * 3 }, (_, index) =>
      Math.round((image.data[(index % 3) * height * width + Math.floor(index / 3)]! + 1) * 127.5),
    );
    const picture: RefineJob = {
      input: { kind: 'pixels', pixels: { data, width, height } },
      settings: { ...settings, prompt: 'a green cat', strength: 0.9 },
      output: 'latents',
      bitDepth: 8,
    };
    const refined = refine(await refiner, picture);
    const text: GenerateJob = {
      input: { kind: 'noise', width: 96, height: 64 },
      settings: { ...settings, prompt: 'A high-quality photo of an astronaut riding a horse' },
      output: 'latents',
      bitDepth: 8,
      keepLatents: false,
    };
    const generated = generate(await base, text);
    for (const [name, steps] of [
      ['refine-odd-size', refined],
      ['base-text-to-image', generated],
    ] as const) {
      const reference = expected(`${name}.${cacheInterval}.${cacheDepth}`);
      expect(maxDifference(await latentsOf(steps), reference.data)).toBeLessThan(1e-4);
    }
  });
});

it('an ONNX export and a depth below the finest level are refused', async () => {
  const expectForms = async (model: string, cacheDepth: number): Promise<void> => {
    const { maxCacheDepth: most } = await loadModel(goldenData('models', model));
    expectUnetForms(most, { cacheInterval: 2, cacheDepth, freeu: null });
  };
  await expect(expectForms('tiny-refiner-onnx', 2)).rejects.toMatchObject({ code: 'ROW_FIELD_INVALID' });
  await expect(expectForms('tiny-refiner', 9)).rejects.toMatchObject({ context: { field: 'cache_depth' } });
});
