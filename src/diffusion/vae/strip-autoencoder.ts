/** The VAE for images too large for memory: the lowest resolution in one piece, all others over row strips. */
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
import { asOneStrip, rowsOf, type FeatureMapStrips } from './strips.js';
import { runInStrips, type StripOptions } from './run-strips.js';

/** @param image f32 [1,3,H,W] @returns f32 [1,8,H/8,W/8]: mean, then log-variance @throws SESSION_RUN */
export const encodeInStrips = async (config: VaeConfig, image: Tensor, options: StripOptions): Promise<Tensor> => {
  const lowResolution = await runInStrips(encoderSteps(config), asOneStrip(image), config.groups, options);
  const writeEnd = (scope: LayerScope): void => {
    writeLowResolutionEncoder(scope, config);
  };
  return runNetwork(options, writeEnd, { [LOW_RESOLUTION]: whole(lowResolution) }, VAE_ENCODER.moments);
};

/** @param latents f32 [1,4,h,w], not scaled @returns f32 [1,3,8h,8w] @throws SESSION_RUN */
export const decodeInStrips = async (config: VaeConfig, latents: Tensor, options: StripOptions): Promise<Tensor> => {
  const writeStart = (scope: LayerScope): void => {
    writeLowResolutionDecoder(scope, config);
  };
  const lowResolution = await runNetwork(options, writeStart, { [VAE_DECODER.latents]: latents }, LOW_RESOLUTION);
  return whole(await runInStrips(decoderSteps(config), asOneStrip(lowResolution), config.groups, options));
};

const whole = (featureMap: FeatureMapStrips): Tensor => rowsOf(featureMap, 0, featureMap.height);

const runNetwork = async (
  { open }: StripOptions,
  write: (scope: LayerScope) => void,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
): Promise<Tensor> => {
  const session = await open('VAE', write);
  try {
    return (await session.run(feeds))[output] as Tensor;
  } finally {
    await session.close();
  }
};
