/** Predicts noise with one call of the UNet. */
import { UNET, type UnetForm } from '../../models/networks/unet.js';
import type { UnetConfig } from '../../models/networks/unet-config.js';
import type { Feeds, Session } from '../../onnx/runtime/session.js';
import { concatBatch, tensor, type Tensor } from '../../tensor/tensor.js';
import type { CrossAttentionCache } from './cross-attention-cache.js';
import { sinusoidalEmbedding } from './sinusoidal-embedding.js';

export interface Unet {
  config: UnetConfig;
  session: Session;
  /** For a network with cached keys and values as inputs instead of the prompt. */
  crossAttentionCache?: CrossAttentionCache;
  /** Inputs of an imported UNet; default: those of `writeUnet`. */
  feeds?: (sample: Tensor, timestep: number, condition: Condition) => Feeds;
  /** Sides of latents must be multiples of this; default: 1. */
  sizeMultiple?: number;
  /** The network in another form, opened at first use; absent for an ONNX export. */
  openForm?: (form: UnetForm) => Promise<Session>;
}

/** Conditioning of the UNet: the same for all calls of an image. */
export interface Condition {
  /** f32 [B,77,width] */
  prompt: Tensor;
  /** f32 [B,addedCondDim]: pooled embedding and embedded time ids, for the written UNet */
  addition: Tensor;
  /** f32 [B,projection] */
  pooled: Tensor;
  /** A list for each batch entry. */
  timeIds: readonly (readonly number[])[];
}

/** @param pooled f32 [B,projection] @param timeIds a list for each batch entry */
export const buildCondition = (
  { config }: Unet,
  prompt: Tensor,
  pooled: Tensor,
  timeIds: readonly (readonly number[])[],
): Condition => {
  const width = pooled.dims[1] ?? 0;
  const rows = timeIds.map((ids, index) => {
    const row = new Float32Array(config.addedCondDim);
    row.set(pooled.data.subarray(index * width, (index + 1) * width));
    row.set(sinusoidalEmbedding(ids, config.timeIdEmbedDim, config), width);
    return tensor(row, [1, config.addedCondDim]);
  });
  return { prompt, addition: concatBatch(rows), pooled, timeIds };
};

export const unetFeeds =
  (config: UnetConfig): NonNullable<Unet['feeds']> =>
  (sample, timestep, { prompt, addition }) => {
    const batch = prompt.dims[0] ?? 1;
    const timesteps = Array.from({ length: batch }, () => timestep);
    return {
      [UNET.sample]: sample,
      [UNET.timestep]: tensor(sinusoidalEmbedding(timesteps, config.timestepEmbedDim, config), [
        batch,
        config.timestepEmbedDim,
      ]),
      [UNET.prompt]: prompt,
      [UNET.addition]: addition,
    };
  };

/**
 * Calls the UNet.
 * @param sample f32 [1,4,h,w], scaled by the scheduler; the same for every batch entry
 * @param outputs names
 */
export const callUnet = async (
  unet: Unet,
  sample: Tensor,
  { timestep, condition, outputs, inputs = {} }: UnetCall,
): Promise<Readonly<Record<string, Tensor>>> => {
  const batch = condition.prompt.dims[0] ?? 1;
  const samples = concatBatch(Array.from({ length: batch }, () => sample));
  const { config, session, crossAttentionCache, feeds = unetFeeds(config) } = unet;
  const kv = await crossAttentionCache?.of(condition.prompt);
  return session.run({ ...feeds(samples, timestep, condition), ...kv, ...inputs }, outputs);
};

interface UnetCall {
  timestep: number;
  condition: Condition;
  outputs: readonly string[];
  /** Of DeepCache; default: none. */
  inputs?: Feeds;
}

/** @returns f32 [B,4,h,w]: noise, or the model's prediction type */
export const predictNoise = async (
  unet: Unet,
  sample: Tensor,
  timestep: number,
  condition: Condition,
): Promise<Tensor> => {
  const outputs = await callUnet(unet, sample, { timestep, condition, outputs: [UNET.prediction] });
  return outputs[UNET.prediction] as Tensor;
};
