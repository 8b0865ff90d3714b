/** Which calls compute the whole network, on networks that count their calls. */
import { DeepCache } from '#src/diffusion/unet/deep-cache.js';
import type { Condition, Unet } from '#src/diffusion/unet/predict-noise.js';
import type { Session } from '#src/onnx/runtime/session.js';
import { tensor } from '#src/tensor/tensor.js';

const sample = tensor(new Float32Array(4), [1, 4, 1, 1]);
const conditionOf = (batch: number): Condition => ({
  prompt: tensor(new Float32Array(batch), [batch, 1, 1]),
  addition: sample,
  pooled: sample,
  timeIds: [],
});
const [guided, unguided] = [conditionOf(2), conditionOf(1)];

/** @returns for each call `whole`, or the number of the call whose features it reuses */
const run = async (
  { interval, order = 1 }: { interval: number; order?: number },
  conditions: readonly Condition[],
): Promise<(string | number)[]> => {
  const computed: (string | number)[] = [];
  const session = (name: string): Session => ({
    run: (feeds, outputs) => {
      const features = feeds['deep_features'] as { data: Float32Array } | undefined;
      computed.push(features?.data[0] ?? name);
      const call = tensor(Float32Array.of(computed.length - 1), [1]);
      return Promise.resolve(Object.fromEntries((outputs ?? []).map((output) => [output, call])));
    },
    close: () => Promise.resolve(),
  });
  const cache = new DeepCache({ interval, order, whole: session('whole'), shallow: session('shallow') });
  const unet = { config: {}, feeds: () => ({}) } as unknown as Unet;
  for (const [call, condition] of conditions.entries()) {
    const { isCached } = await cache.predict(unet, sample, { timestep: 999 - call, condition, call });
    expect(isCached).toBe(computed.at(-1) !== 'whole');
  }
  return computed;
};

it('one step in an interval computes the whole network, the others reuse its features', async () => {
  const conditions = Array.from({ length: 7 }, () => guided);
  expect(await run({ interval: 2 }, conditions)).toEqual(['whole', 0, 'whole', 2, 'whole', 4, 'whole']);
  expect(await run({ interval: 3 }, conditions)).toEqual(['whole', 0, 0, 'whole', 3, 3, 'whole']);
});

it('both calls of a second-order step are alike', async () => {
  const conditions = Array.from({ length: 7 }, () => guided);
  expect(await run({ interval: 2, order: 2 }, conditions)).toEqual(['whole', 'whole', 1, 1, 'whole', 'whole', 5]);
});

it('features of another condition are never reused', async () => {
  expect(await run({ interval: 4 }, [guided, guided, unguided, unguided, unguided])).toEqual([
    ...['whole', 0, 'whole', 2, 'whole'],
  ]);
  /* A prompt that alternates between two texts. */
  const [cat, dog] = [conditionOf(1), conditionOf(1)];
  expect(await run({ interval: 2 }, [cat, dog, cat, dog])).toEqual(['whole', 'whole', 'whole', 'whole']);
  expect(await run({ interval: 4 }, [cat, dog, cat, dog])).toEqual(['whole', 'whole', 0, 1]);
});
