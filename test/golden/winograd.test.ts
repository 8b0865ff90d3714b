/** Golden tolerance with Winograd for every 3×3 convolution; by itself it is used for larger models only. */
import { readdirSync } from 'node:fs';
import { fitsNchwc } from '#src/onnx/graph/cpu/nchwc-layout.js';
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { GraphBuilder } from '#src/onnx/graph/onnx/graph-builder.js';
import type { Named, Value } from '#src/onnx/graph/onnx/value.js';
import type { ConvOptions, ConvWeight } from '#src/onnx/graph/operators/operators.js';
import type { LayerScope } from '#src/models/networks/layer-scope.js';
import { parseVaeConfig, type VaeConfig } from '#src/models/networks/vae-config.js';
import { VAE_DECODER, VAE_ENCODER, writeVaeDecoder, writeVaeEncoder } from '#src/models/networks/vae.js';
import type { Session } from '#src/onnx/runtime/session.js';
import { sliceBatch, type Tensor } from '#src/tensor/tensor.js';
import { buildCondition, predictNoise, type Unet } from '#src/diffusion/unet/predict-noise.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { caseTensors, goldenData, maxDifference, readCase } from '../support/golden.js';
import { blockSize, testNchwc } from '../support/nchwc-operators.js';
import { openUnet, openWritten } from '../support/open-part.js';

const STAGE_TOLERANCE = 1e-4;

class WinogradOperators extends CpuOperators {
  convolutions = 0;

  override conv(x: Value, weight: ConvWeight, bias: Named | null, options: ConvOptions): Value {
    const { kernel, stride = 1, channels = [0, 0] } = options;
    const suits = kernel === 3 && stride === 1 && fitsNchwc(channels) && channels[0] > 0;
    if (suits) this.convolutions++;
    return super.conv(x, suits ? { ...weight, layout: 'winograd at run' } : weight, bias, options);
  }
}

const openWinogradUnet = async (model: string): Promise<Unet> => {
  const ops = new WinogradOperators(new GraphBuilder(), 'fp32', blockSize);
  const unet = await openUnet(goldenData('models', model), ops);
  expect(ops.convolutions).toBeGreaterThan(20);
  return unet;
};

let refiner: Unet | undefined;
const cases = readdirSync(goldenData('cases')).filter((name) => readCase(name).model === 'tiny-refiner');

testNchwc.each(cases)('Winograd UNet: noise predictions of %s are the reference’s', async (name) => {
  const golden = await caseTensors(name);
  const timeIds = golden('unet0.time_ids');
  const unet = (refiner ??= await openWinogradUnet('tiny-refiner'));
  const [rows = 0, width = 0] = timeIds.dims;
  for (let row = 0; row < rows; row++) {
    const of = (key: string): Tensor => sliceBatch(golden(`unet0.${key}`), row, row + 1);
    const ids = [...timeIds.data.subarray(row * width, (row + 1) * width)];
    const condition = buildCondition(unet, of('encoder_hidden_states'), of('text_embeds'), [ids]);
    const noise = await predictNoise(unet, of('sample'), golden('unet0.timestep').data[0]!, condition);
    expect(maxDifference(noise.data, of('noise_pred').data)).toBeLessThan(STAGE_TOLERANCE);
  }
});

const openVae = async (write: (root: LayerScope, config: VaeConfig) => void): Promise<Session> => {
  const { vae } = await findModel(goldenData('models', 'tiny-refiner'));
  const ops = new WinogradOperators(new GraphBuilder(), 'fp32', blockSize);
  const session = await openWritten(vae, ops, (root) => {
    write(root, parseVaeConfig(vae.config, vae.folder));
  });
  expect(ops.convolutions).toBeGreaterThan(10);
  return session;
};

testNchwc.each(['refine-default', 'refine-odd-size'])(
  'Winograd VAE in row strips: %s is encoded and decoded as by the reference',
  async (name) => {
    const golden = await caseTensors(name);
    const encoder = await openVae(writeVaeEncoder);
    const { [VAE_ENCODER.moments]: moments } = await encoder.run({ [VAE_ENCODER.image]: golden('vae.encode.input') });
    const mean = golden('vae.encode.mean').data;
    expect(maxDifference(moments!.data.subarray(0, mean.length), mean)).toBeLessThan(STAGE_TOLERANCE);
    const decoder = await openVae(writeVaeDecoder);
    const { [VAE_DECODER.image]: image } = await decoder.run({ [VAE_DECODER.latents]: golden('vae.decode.input') });
    expect(maxDifference(image!.data, golden('vae.decode.output').data)).toBeLessThan(STAGE_TOLERANCE);
  },
);
