/** Encodes images to latents and decodes them. Latents are scaled here, so callers cannot forget it. */
import { VAE_DECODER, VAE_ENCODER } from '../../models/networks/vae.js';
import { LATENT_SCALE } from '../../records/picture.js';
import type { VaeConfig } from '../../models/networks/vae-config.js';
import { availableMemory } from '../../io/system/available-memory.js';
import { openLate } from '../../onnx/runtime/open-late.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { decodeInStrips, encodeInStrips } from './strip-autoencoder.js';
import type { StripOptions, OpenVaeNetwork } from './run-strips.js';
import { chooseStripSize, type TilingOptions } from './choose-strip-size.js';

export interface Autoencoder {
  config: VaeConfig;
  encoder: Session;
  decoder: Session;
  /** Runs over row strips; null: an ONNX export, which runs over whole images only. */
  rowStrips: ({ open: OpenVaeNetwork } & Pick<TilingOptions, 'tiling' | 'isNchwc'>) | null;
}

/** The encoder's output: a normal distribution for every latent number. f32 [1,4,h,w] each. */
export interface Moments {
  mean: Tensor;
  logVariance: Tensor;
}

/** Bounds of the log-variance (diffusers 0.42 models/autoencoders/vae.py, `DiagonalGaussianDistribution`). */
const LOG_VARIANCE_RANGE = [-30, 20] as const;

/** @param image f32 [1,3,H,W] in [-1,1], sides multiples of 8 */
export const encode = async (vae: Autoencoder, image: Tensor): Promise<Moments> => {
  const options = stripOptions(vae, image, 1);
  const { data, dims } =
    options === null
      ? ((await vae.encoder.run({ [VAE_ENCODER.image]: image }))[VAE_ENCODER.moments] as Tensor)
      : await encodeInStrips(vae.config, image, options);
  const half = data.length / 2;
  const shape = [1, (dims[1] ?? 0) / 2, ...dims.slice(2)];
  const [low, high] = LOG_VARIANCE_RANGE;
  const logVariance = data.subarray(half).map((value) => Math.min(high, Math.max(low, value)));
  return { mean: tensor(data.subarray(0, half), shape), logVariance: tensor(logVariance, shape) };
};

/**
 * Draws latents and scales them.
 * @param noise standard normal, of the mean's length; null: returns the scaled mean
 * @returns f32 [1,4,h,w]
 */
export const sampleLatents = (
  config: VaeConfig,
  { mean, logVariance }: Moments,
  noise: Float32Array | null,
): Tensor => {
  if (noise === null) return scaleLatents(config, mean);
  const scaled = mean.data.map((value, index) => {
    const deviation = Math.fround(Math.exp(0.5 * logVariance.data[index]!));
    return Math.fround(value + Math.fround(deviation * noise[index]!));
  });
  return scaleLatents(config, tensor(scaled, mean.dims));
};

/** @param latents f32 [1,4,h,w], scaled @returns f32 [1,3,H,W], about [-1,1] */
export const decode = async (vae: Autoencoder, latents: Tensor): Promise<Tensor> => {
  const input = unscaleLatents(vae.config, latents);
  const options = stripOptions(vae, latents, LATENT_SCALE);
  if (options !== null) return decodeInStrips(vae.config, input, options);
  return (await vae.decoder.run({ [VAE_DECODER.latents]: input }))[VAE_DECODER.image] as Tensor;
};

/** null: over the whole image. @param scale pixels of the image for one row or column of `input` */
const stripOptions = ({ config, rowStrips }: Autoencoder, input: Tensor, scale: number): StripOptions | null => {
  if (rowStrips === null) return null;
  const [, , height = 0, width = 0] = input.dims;
  const size = [height * scale, width * scale] as const;
  const stripSize = chooseStripSize(config, size, { ...rowStrips, available: availableMemory() });
  const open: OpenVaeNetwork = (name, write) => openLate(() => rowStrips.open(name, write), 'take a smaller picture');
  return stripSize === null ? null : { open, stripSize };
};

const scaleLatents = (config: VaeConfig, latents: Tensor): Tensor =>
  mapChannels(config, latents, (value, mean, deviation) => ((value - mean) * config.scalingFactor) / deviation);

/** @returns the decoder's input, f32 [1,4,h,w], not scaled */
export const unscaleLatents = (config: VaeConfig, latents: Tensor): Tensor =>
  mapChannels(config, latents, (value, mean, deviation) => (value * deviation) / config.scalingFactor + mean);

/** Applies `map` with each channel's mean and standard deviation; 0 and 1 if the model has none. */
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
