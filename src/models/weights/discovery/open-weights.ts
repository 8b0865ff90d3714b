/** The weights of one part of a model, from one file or several shards. */
import type { ModelPart } from './model-files.js';
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

/** The same, by the names that networks ask for. */
export const openPart = async ({ weightFiles, rename }: ModelPart): Promise<WeightMap> => {
  const weights = await openWeights(weightFiles);
  return rename === null ? weights : new WeightMap(rename(new Map(weights.entries())));
};
