/** Cross-attention keys and values, computed by a network of their own. */
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { GraphBuilder } from '#src/onnx/graph/onnx/graph-builder.js';
import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import type { Session } from '#src/onnx/runtime/session.js';
import { sliceBatch } from '#src/tensor/tensor.js';
import { buildCondition, predictNoise, type Condition } from '#src/diffusion/unet/predict-noise.js';
import { CrossAttentionCache } from '#src/diffusion/unet/cross-attention-cache.js';
import { caseTensors, goldenData, maxDifference } from '../support/golden.js';
import { openUnet } from '../support/open-part.js';

const folder = goldenData('models', 'tiny-refiner');
const { unet } = await loadModel(folder);
const golden = await caseTensors('refine-default');
const sample = sliceBatch(golden('unet0.sample'), 0, 1);
const timestep = golden('unet0.timestep').data[0]!;

const condition = (): Condition =>
  buildCondition(
    unet,
    golden('unet0.encoder_hidden_states'),
    golden('unet0.text_embeds'),
    Array.from({ length: 2 }, () => [64, 64, 0, 0, 6]),
  );

/** A session that counts its runs. */
const countRuns = (session: Session): { session: Session; runs: () => number } => {
  let runs = 0;
  const run: Session['run'] = (feeds) => {
    runs++;
    return session.run(feeds);
  };
  return { session: { run, close: () => session.close() }, runs: () => runs };
};

it('the UNet with cached keys and values predicts the noise of the UNet with the prompt', async () => {
  const whole = await openUnet(folder, new CpuOperators(new GraphBuilder()));
  const [apart, together] = [
    await predictNoise(unet, sample, timestep, condition()),
    await predictNoise(whole, sample, timestep, condition()),
  ];
  expect(apart.dims).toEqual(together.dims);
  expect(maxDifference(apart.data, together.data)).toBeLessThan(1e-5);
});

it('keys and values are computed once an image, also with two prompts a step', async () => {
  const { session, runs } = countRuns(unet.crossAttentionCache!.session);
  const cache = new CrossAttentionCache(session);
  const [negative, positive, next] = [condition().prompt, { ...condition().prompt }, { ...condition().prompt }];
  for (const asked of [negative, positive, negative, positive]) await cache.of(asked);
  expect(runs()).toBe(2);
  expect(await cache.of(positive)).toBe(await cache.of(positive));
  await cache.of(next);
  expect(runs()).toBe(3);

  /* Three jobs take turns, with one prompt each. */
  const shared = new CrossAttentionCache(session, 3);
  for (const asked of [negative, positive, next, negative, positive, next]) await shared.of(asked);
  expect(runs()).toBe(6);
});

it('keys and values of long prompts are computed again, so that few are in memory', async () => {
  const { session, runs } = countRuns(unet.crossAttentionCache!.session);
  const [negative, positive] = [condition().prompt, { ...condition().prompt }];
  const small = new CrossAttentionCache(session, 1, 1);
  for (const asked of [negative, negative, positive, positive, negative]) await small.of(asked);
  expect(runs()).toBe(3);
});
