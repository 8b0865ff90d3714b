/** Parts of a model, written with operators of the test's choice. */
import type { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { LayerScope } from '#src/models/networks/layer-scope.js';
import { parseUnetConfig } from '#src/models/networks/unet-config.js';
import { writeUnet } from '#src/models/networks/unet.js';
import { openSession, type Session } from '#src/onnx/runtime/session.js';
import type { Unet } from '#src/diffusion/unet/predict-noise.js';
import { commonFolder } from '#src/models/weights/discovery/common-folder.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import type { ModelComponent } from '#src/models/weights/discovery/model-files.js';
import { openComponent } from '#src/models/weights/discovery/open-weights.js';

export const openWritten = async (
  part: ModelComponent,
  ops: CpuOperators,
  write: (root: LayerScope) => void,
): Promise<Session> => {
  const weights = await openComponent(part);
  write(new LayerScope(ops, weights));
  return openSession(ops.graph.finish('test', commonFolder(weights.files)));
};

/** Given the prompt itself. */
export const openUnet = async (folder: string, ops: CpuOperators): Promise<Unet> => {
  const { unet } = await findModel(folder);
  const config = parseUnetConfig(unet.config, unet.folder);
  const write = (root: LayerScope): void => {
    writeUnet(root, config);
  };
  return { config, session: await openWritten(unet, ops, write) };
};
