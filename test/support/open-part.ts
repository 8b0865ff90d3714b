/** Parts of a model, written with operators of the test's choice. */
import type { CpuOperators } from '#src/graph/cpu-operators.js';
import { LayerScope } from '#src/networks/layer-scope.js';
import { parseUnetConfig } from '#src/networks/unet-config.js';
import { writeUnet } from '#src/networks/unet.js';
import { openNetwork, type Network } from '#src/runtime/network.js';
import type { Unet } from '#src/unet/predict-noise.js';
import { commonFolder } from '#src/weights/common-folder.js';
import { findModel } from '#src/weights/find-model.js';
import type { ModelPart } from '#src/weights/model-files.js';
import { openPart } from '#src/weights/open-weights.js';

export const openWritten = async (
  part: ModelPart,
  ops: CpuOperators,
  write: (root: LayerScope) => void,
): Promise<Network> => {
  const weights = await openPart(part);
  write(new LayerScope(ops, weights));
  return openNetwork(ops.graph.finish('test', commonFolder(weights.files)));
};

/** Given the prompt itself. */
export const openUnet = async (folder: string, ops: CpuOperators): Promise<Unet> => {
  const { unet } = await findModel(folder);
  const config = parseUnetConfig(unet.config, unet.folder);
  const write = (root: LayerScope): void => {
    writeUnet(root, config);
  };
  return { config, network: await openWritten(unet, ops, write) };
};
