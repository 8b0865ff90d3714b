/** Pictures to latents and back. Scaling lives here, so that no caller can forget it. */
import { VAE_DECODER, VAE_ENCODER } from '../../models/networks/vae.js';
import { LATENT_SCALE, type VaeConfig } from '../../models/networks/vae-config.js';
import { availableMemory } from '../../onnx/runtime/available-memory.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { decodeBands, encodeBands } from './strip-autoencoder.js';
import type { BandOptions, OpenPart } from './run-strips.js';
import { chooseBandSize, type TilingOptions } from './choose-strip-size.js';

export interface Autoencoder {
  config: VaeConfig;
  encoder: Session;
  decoder: Session;
  /** For bands; null: its networks are whole, as an export's are. */
  bands: ({ open: OpenPart } & Pick<TilingOptions, 'tiling' | 'isBlocked'>) | null;
}

/** The encoder's answer: a normal distribution for every latent number. f32 [1,4,h,w] each. */
export interface Moments {
  mean: Tensor;
  logVariance: Tensor;
}

/** Keeps the deviation finite (diffusers 0.42 models/autoencoders/vae.py, `DiagonalGaussianDistribution`). */
const LOG_VARIANCE_RANGE = [-30, 20] as const;

/** @param picture f32 [1,3,H,W] in [-1,1], sides multiples of 8 */
export const encode = async (vae: Autoencoder, picture: Tensor): Promise<Moments> => {
  const options = bandOptions(vae, picture, 1);
  const { data, dims } =
    options === null
      ? ((await vae.encoder.run({ [VAE_ENCODER.image]: picture }))[VAE_ENCODER.moments] as Tensor)
      : await encodeBands(vae.config, picture, options);
  const half = data.length / 2;
  const shape = [1, (dims[1] ?? 0) / 2, ...dims.slice(2)];
  const [low, high] = LOG_VARIANCE_RANGE;
  const logVariance = data.subarray(half).map((value) => Math.min(high, Math.max(low, value)));
  return { mean: tensor(data.subarray(0, half), shape), logVariance: tensor(logVariance, shape) };
};

/**
 * Draws latents and scales them.
 * @param noise standard normal, as many numbers as the mean; null: the mean itself
 * @returns f32 [1,4,h,w]
 */
export const sampleLatents = (
  config: VaeConfig,
  { mean, logVariance }: Moments,
  noise: Float32Array | null,
): Tensor => {
  if (noise === null) return normalize(config, mean);
  const scaled = mean.data.map((value, index) => {
    const deviation = Math.fround(Math.exp(0.5 * logVariance.data[index]!));
    return Math.fround(value + Math.fround(deviation * noise[index]!));
  });
  return normalize(config, tensor(scaled, mean.dims));
};

/** @param latents f32 [1,4,h,w], scaled @returns f32 [1,3,H,W], about [-1,1] */
export const decode = async (vae: Autoencoder, latents: Tensor): Promise<Tensor> => {
  const given = denormalize(vae.config, latents);
  const options = bandOptions(vae, latents, LATENT_SCALE);
  if (options !== null) return decodeBands(vae.config, given, options);
  return (await vae.decoder.run({ [VAE_DECODER.latents]: given }))[VAE_DECODER.image] as Tensor;
};

/** null: over the whole. @param scale pixels of the picture for one row or column of `given` */
const bandOptions = ({ config, bands }: Autoencoder, given: Tensor, scale: number): BandOptions | null => {
  if (bands === null) return null;
  const [, , height = 0, width = 0] = given.dims;
  const size = [height * scale, width * scale] as const;
  const bandSize = chooseBandSize(config, size, { ...bands, available: availableMemory() });
  return bandSize === null ? null : { open: bands.open, bandSize };
};

const normalize = (config: VaeConfig, latents: Tensor): Tensor =>
  mapChannels(config, latents, (value, mean, deviation) => ((value - mean) * config.scalingFactor) / deviation);

/** What the decoder is given. @returns f32 [1,4,h,w], not scaled */
export const denormalize = (config: VaeConfig, latents: Tensor): Tensor =>
  mapChannels(config, latents, (value, mean, deviation) => (value * deviation) / config.scalingFactor + mean);

/** Applies `map` with the mean and deviation of each number's channel: 0 and 1 where the model has none. */
const mapChannels = (
  { latentsMean, latentsStd }: VaeConfig,
  latents: Tensor,
  map: (value: number, mean: number, deviation: number) => number,
): Tensor => {
  const area = latents.data.length / (latents.dims[1] ?? 1);
  const mapped = latents.data.map((value, index) => {
    const channel = Math.floor(index / area);
    return map(value, latentsMean?.[channel] ?? 0, latentsStd?.[channel] ?? 1);
  });
  return tensor(mapped, latents.dims);
};
