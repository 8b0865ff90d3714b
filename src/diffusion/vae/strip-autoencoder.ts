/** The whole autoencoder where a picture is too large for memory: its coarsest level at once, all others over bands. */
import { VAE_DECODER, VAE_ENCODER } from '../../models/networks/vae.js';
import {
  LOW_RESOLUTION,
  decoderSteps,
  encoderSteps,
  writeLowResolutionDecoder,
  writeLowResolutionEncoder,
} from '../../models/networks/vae-strips.js';
import type { VaeConfig } from '../../models/networks/vae-config.js';
import type { LayerScope } from '../../models/networks/layer-scope.js';
import type { Tensor } from '../../tensor/tensor.js';
import { asBanded, rowsOf, type Banded } from './strips.js';
import { runBands, type BandOptions } from './run-strips.js';

/** @param picture f32 [1,3,H,W] @returns f32 [1,8,H/8,W/8]: mean, then log-variance @throws SESSION_CREATE SESSION_RUN */
export const encodeBands = async (config: VaeConfig, picture: Tensor, options: BandOptions): Promise<Tensor> => {
  const coarse = await runBands(encoderSteps(config), asBanded(picture), config.groups, options);
  const writeEnd = (scope: LayerScope): void => {
    writeLowResolutionEncoder(scope, config);
  };
  return runOnce(options, writeEnd, { [LOW_RESOLUTION]: whole(coarse) }, VAE_ENCODER.moments);
};

/** @param latents f32 [1,4,h,w], not scaled @returns f32 [1,3,8h,8w] @throws SESSION_CREATE SESSION_RUN */
export const decodeBands = async (config: VaeConfig, latents: Tensor, options: BandOptions): Promise<Tensor> => {
  const writeStart = (scope: LayerScope): void => {
    writeLowResolutionDecoder(scope, config);
  };
  const coarse = await runOnce(options, writeStart, { [VAE_DECODER.latents]: latents }, LOW_RESOLUTION);
  return whole(await runBands(decoderSteps(config), asBanded(coarse), config.groups, options));
};

const whole = (banded: Banded): Tensor => rowsOf(banded, 0, banded.height);

const runOnce = async (
  { open }: BandOptions,
  write: (scope: LayerScope) => void,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
): Promise<Tensor> => {
  const network = await open('VAE', write);
  try {
    return (await network.run(feeds))[output] as Tensor;
  } finally {
    await network.close();
  }
};
