/** One call of the UNet. */
import { UNET } from '../networks/unet.js';
import type { UnetConfig } from '../networks/unet-config.js';
import type { Network } from '../runtime/network.js';
import { concatBatch, tensor, type Tensor } from '../tensor/tensor.js';
import { sinusoid } from './sinusoid.js';

export interface Unet {
  config: UnetConfig;
  network: Network;
}

/** What one picture's calls have in common. */
export interface Condition {
  /** f32 [B,77,width] */
  prompt: Tensor;
  /** f32 [B,additionWidth] */
  addition: Tensor;
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
    const row = new Float32Array(config.additionWidth);
    row.set(pooled.data.subarray(index * width, (index + 1) * width));
    row.set(sinusoid(ids, config.timeIdWidth, config), width);
    return tensor(row, [1, config.additionWidth]);
  });
  return { prompt, addition: concatBatch(rows) };
};

/**
 * @param sample f32 [1,4,h,w], scaled by the scheduler; every batch entry sees the same
 * @returns f32 [B,4,h,w]: noise, or what the model was trained to predict
 */
export const predictNoise = async (
  { config, network }: Unet,
  sample: Tensor,
  timestep: number,
  { prompt, addition }: Condition,
): Promise<Tensor> => {
  const batch = prompt.dims[0] ?? 1;
  const each = <T>(value: T): T[] => Array.from({ length: batch }, () => value);
  const outputs = await network.run({
    [UNET.sample]: concatBatch(each(sample)),
    [UNET.timestep]: tensor(sinusoid(each(timestep), config.timestepWidth, config), [batch, config.timestepWidth]),
    [UNET.prompt]: prompt,
    [UNET.addition]: addition,
  });
  return outputs[UNET.prediction] as Tensor;
};
