/** Golden tolerance with every 3×3 convolution by minimal filtering, which tiny models are too small for. */
import { readdirSync } from 'node:fs';
import { fitsBlocks } from '#src/onnx/graph/cpu/nchwc-layout.js';
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { GraphBuilder, type Value } from '#src/onnx/graph/onnx/graph-builder.js';
import type { ConvOptions, Kernel } from '#src/onnx/graph/operators/operators.js';
import type { LayerScope } from '#src/models/networks/layer-scope.js';
import { parseVaeConfig, type VaeConfig } from '#src/models/networks/vae-config.js';
import { VAE_DECODER, VAE_ENCODER, writeVaeDecoder, writeVaeEncoder } from '#src/models/networks/vae.js';
import type { Network } from '#src/onnx/runtime/session.js';
import { sliceBatch, type Tensor } from '#src/tensor/tensor.js';
import { buildCondition, predictNoise, type Unet } from '#src/diffusion/unet/predict-noise.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { caseTensors, goldenData, maxDifference, readCase } from '../support/golden.js';
import { block, testOfBlocks } from '../support/of-blocks.js';
import { openUnet, openWritten } from '../support/open-part.js';

const STAGE_TOLERANCE = 1e-4;

class FilteringOperators extends CpuOperators {
  filtered = 0;

  override conv(x: Value, weight: Kernel, bias: Value | null, options: ConvOptions): Value {
    const { kernel, stride = 1, channels = [0, 0] } = options;
    const suits = kernel === 3 && stride === 1 && fitsBlocks(channels) && channels[0] > 0;
    if (suits) this.filtered++;
    return super.conv(x, suits ? { ...weight, layout: 'to transform' } : weight, bias, options);
  }
}

const openFiltering = async (model: string): Promise<Unet> => {
  const ops = new FilteringOperators(new GraphBuilder(), 'fp32', block);
  const unet = await openUnet(goldenData('models', model), ops);
  expect(ops.filtered).toBeGreaterThan(20);
  return unet;
};

let refiner: Unet | undefined;
const cases = readdirSync(goldenData('cases')).filter((name) => readCase(name).model === 'tiny-refiner');

testOfBlocks.each(cases)('predicts the noise of %s', async (name) => {
  const golden = await caseTensors(name);
  const timeIds = golden('unet0.time_ids');
  const unet = (refiner ??= await openFiltering('tiny-refiner'));
  const [rows = 0, width = 0] = timeIds.dims;
  for (let row = 0; row < rows; row++) {
    const of = (key: string): Tensor => sliceBatch(golden(`unet0.${key}`), row, row + 1);
    const ids = [...timeIds.data.subarray(row * width, (row + 1) * width)];
    const condition = buildCondition(unet, of('encoder_hidden_states'), of('text_embeds'), [ids]);
    const noise = await predictNoise(unet, of('sample'), golden('unet0.timestep').data[0]!, condition);
    expect(maxDifference(noise.data, of('noise_pred').data)).toBeLessThan(STAGE_TOLERANCE);
  }
});

const openVae = async (write: (root: LayerScope, config: VaeConfig) => void): Promise<Network> => {
  const { vae } = await findModel(goldenData('models', 'tiny-refiner'));
  const ops = new FilteringOperators(new GraphBuilder(), 'fp32', block);
  const network = await openWritten(vae, ops, (root) => {
    write(root, parseVaeConfig(vae.config, vae.folder));
  });
  expect(ops.filtered).toBeGreaterThan(10);
  return network;
};

testOfBlocks.each(['refine-default', 'refine-odd-size'])('encodes and decodes %s, in bands', async (name) => {
  const golden = await caseTensors(name);
  const encoder = await openVae(writeVaeEncoder);
  const { [VAE_ENCODER.moments]: moments } = await encoder.run({ [VAE_ENCODER.picture]: golden('vae.encode.input') });
  const mean = golden('vae.encode.mean').data;
  expect(maxDifference(moments!.data.subarray(0, mean.length), mean)).toBeLessThan(STAGE_TOLERANCE);
  const decoder = await openVae(writeVaeDecoder);
  const { [VAE_DECODER.picture]: picture } = await decoder.run({ [VAE_DECODER.latents]: golden('vae.decode.input') });
  expect(maxDifference(picture!.data, golden('vae.decode.output').data)).toBeLessThan(STAGE_TOLERANCE);
});
