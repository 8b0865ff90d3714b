/** A model's UNet, written with operators of the test's choice, and given the prompt itself. */
import type { CpuOperators } from '#src/graph/cpu-operators.js';
import { LayerScope } from '#src/networks/layer-scope.js';
import { parseUnetConfig } from '#src/networks/unet-config.js';
import { writeUnet } from '#src/networks/unet.js';
import { openNetwork } from '#src/runtime/network.js';
import type { Unet } from '#src/unet/predict-noise.js';
import { commonFolder } from '#src/weights/common-folder.js';
import { findModel } from '#src/weights/find-model.js';
import { openPart } from '#src/weights/open-weights.js';

export const openUnet = async (folder: string, ops: CpuOperators): Promise<Unet> => {
  const { unet } = await findModel(folder);
  const config = parseUnetConfig(unet.config, unet.folder);
  const weights = await openPart(unet);
  writeUnet(new LayerScope(ops, weights), config);
  return { config, network: await openNetwork(ops.graph.finish('UNet', commonFolder(weights.files))) };
};
