/** Keys and values of the prompt, made apart from the UNet that takes them. */
import { CpuOperators } from '#src/graph/cpu-operators.js';
import { GraphBuilder } from '#src/graph/graph-builder.js';
import { LayerScope } from '#src/networks/layer-scope.js';
import { writeUnet } from '#src/networks/unet.js';
import { loadModel } from '#src/pipeline/load-model.js';
import { openNetwork, type Network } from '#src/runtime/network.js';
import { sliceBatch } from '#src/tensor/tensor.js';
import { buildCondition, predictNoise, type Condition, type Unet } from '#src/unet/predict-noise.js';
import { PromptKeys } from '#src/unet/prompt-keys.js';
import { commonFolder } from '#src/weights/common-folder.js';
import { findModel } from '#src/weights/find-model.js';
import { openPart } from '#src/weights/open-weights.js';
import { caseTensors, goldenData, maxDifference } from '../support/golden.js';

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

/** The same network, given the prompt itself. */
const openWhole = async (): Promise<Unet> => {
  const weights = await openPart((await findModel(folder)).unet);
  const ops = new CpuOperators(new GraphBuilder());
  writeUnet(new LayerScope(ops, weights), unet.config);
  return { config: unet.config, network: await openNetwork(ops.graph.finish('UNet', commonFolder(weights.files))) };
};

/** A network that counts its runs. */
const counted = (network: Network): { network: Network; runs: () => number } => {
  let runs = 0;
  const run: Network['run'] = (feeds) => {
    runs++;
    return network.run(feeds);
  };
  return { network: { run, close: () => network.close() }, runs: () => runs };
};

test('give what the network gives that makes them itself', async () => {
  const [apart, whole] = [
    await predictNoise(unet, sample, timestep, condition()),
    await predictNoise(await openWhole(), sample, timestep, condition()),
  ];
  expect(apart.dims).toEqual(whole.dims);
  expect(maxDifference(apart.data, whole.data)).toBeLessThan(1e-5);
});

test('are made once for a picture, also where a step asks for two prompts', async () => {
  const { network, runs } = counted(unet.promptKeys!.network);
  const keys = new PromptKeys(network);
  const [negative, positive, next] = [condition().prompt, { ...condition().prompt }, { ...condition().prompt }];
  for (const asked of [negative, positive, negative, positive]) await keys.of(asked);
  expect(runs()).toBe(2);
  expect(await keys.of(positive)).toBe(await keys.of(positive));
  await keys.of(next);
  expect(runs()).toBe(3);
});
