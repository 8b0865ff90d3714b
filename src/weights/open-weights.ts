/** The weights of one part of a model, from one file or several shards. */
import { openSafetensors, type SafetensorsFile } from './open-safetensors.js';
import { mergeTensors, type WeightMap } from './weight-map.js';

/**
 * @param paths safetensors files
 * @throws WEIGHTS_FILE_MISSING, WEIGHTS_HEADER_INVALID
 */
export const openWeights = async (paths: readonly string[]): Promise<WeightMap> => {
  const files: SafetensorsFile[] = [];
  for (const path of paths) files.push(await openSafetensors(path));
  return mergeTensors(files);
};
