/** Opens the weights of one model component, from one file or several shards. */
import type { ModelComponent } from './model-files.js';
import { openSafetensors, type SafetensorsFile } from '../safetensors/open-safetensors.js';
import { mergeTensors, WeightMap } from '../weight-map.js';

/**
 * @param paths safetensors files
 * @throws WEIGHTS_FILE_MISSING, WEIGHTS_HEADER_INVALID
 */
export const openWeights = async (paths: readonly string[]): Promise<WeightMap> => {
  const files: SafetensorsFile[] = [];
  for (const path of paths) files.push(await openSafetensors(path));
  return mergeTensors(files);
};

/** Opens a component, with diffusers' and transformers' tensor names. */
export const openComponent = async ({ weightFiles, rename }: ModelComponent): Promise<WeightMap> => {
  const weights = await openWeights(weightFiles);
  return rename === null ? weights : new WeightMap(rename(new Map(weights.entries())));
};
