/** One call of the UNet. */
import { UNET } from '../../models/networks/unet.js';
import type { UnetConfig } from '../../models/networks/unet-config.js';
import type { Feeds, Session } from '../../onnx/runtime/session.js';
import { concatBatch, tensor, type Tensor } from '../../tensor/tensor.js';
import type { PromptKeys } from './cross-attention-cache.js';
import { sinusoid } from './sinusoidal-embedding.js';

export interface Unet {
  config: UnetConfig;
  network: Session;
  /** Of a network that takes them instead of the prompt. */
  promptKeys?: PromptKeys;
  /** What a network of another writer is given in a call, [B,4,h,w] among it; default: what `writeUnet` asks for. */
  feeds?: (sample: Tensor, timestep: number, condition: Condition) => Feeds;
  /** Sides of latents must be multiples of it; default: any. */
  sizeMultiple?: number;
  /** The same network with FreeU's inputs, opened when it is first asked for; an export has none. */
  openFreeU?: () => Promise<Session>;
}

/** What one picture's calls have in common. */
export interface Condition {
  /** f32 [B,77,width] */
  prompt: Tensor;
  /** f32 [B,additionWidth]: what follows, as the network takes it */
  addition: Tensor;
  /** f32 [B,projection] */
  pooled: Tensor;
  /** One list a batch entry. */
  timeIds: readonly (readonly number[])[];
}

/** @param pooled f32 [B,projection] @param timeIds one list a batch entry */
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
    row.set(sinusoid(ids, config.timeIdEmbedDim, config), width);
    return tensor(row, [1, config.addedCondDim]);
  });
  return { prompt, addition: concatBatch(rows), pooled, timeIds };
};

export const ownFeeds =
  (config: UnetConfig): NonNullable<Unet['feeds']> =>
  (sample, timestep, { prompt, addition }) => {
    const batch = prompt.dims[0] ?? 1;
    const timesteps = Array.from({ length: batch }, () => timestep);
    return {
      [UNET.sample]: sample,
      [UNET.timestep]: tensor(sinusoid(timesteps, config.timestepEmbedDim, config), [batch, config.timestepEmbedDim]),
      [UNET.prompt]: prompt,
      [UNET.addition]: addition,
    };
  };

/**
 * @param sample f32 [1,4,h,w], scaled by the scheduler; every batch entry sees the same
 * @returns f32 [B,4,h,w]: noise, or what the model was trained to predict
 */
export const predictNoise = async (
  unet: Unet,
  sample: Tensor,
  timestep: number,
  condition: Condition,
): Promise<Tensor> => {
  const batch = condition.prompt.dims[0] ?? 1;
  const samples = concatBatch(Array.from({ length: batch }, () => sample));
  const { config, network, promptKeys, feeds = ownFeeds(config) } = unet;
  const keys = await promptKeys?.of(condition.prompt);
  const outputs = await network.run({ ...feeds(samples, timestep, condition), ...keys });
  return outputs[UNET.prediction] as Tensor;
};
