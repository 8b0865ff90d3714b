/**
 * Run as a process of its own, with the variables that find an adapter: opens a graph on WebGPU alone. A session in which any
 * node would go to the CPU is not made.
 */
import { InferenceSession } from '#onnxruntime-node';
import { fixDimensions } from '#src/onnx/graph/onnx/fix-dimensions.js';
import { CPU, type Target } from '#src/onnx/graph/operators/target.js';
import { parseUnetConfig } from '#src/models/networks/unet-config.js';
import { UNET, writeUnet } from '#src/models/networks/unet.js';
import { parseVaeConfig } from '#src/models/networks/vae-config.js';
import { VAE_DECODER, writeVaeDecoder } from '#src/models/networks/vae.js';
import { writeGraph } from '#src/models/networks/write-graph.js';
import { sessionOptions } from '#src/onnx/runtime/session-options.js';
import { findModelFolder } from '#src/models/weights/discovery/model-folder.js';
import { openComponent } from '#src/models/weights/discovery/open-weights.js';
import { messageOf } from '#src/errors.js';

const [, , folder = '', fusion = ''] = process.argv;
const target: Target = { ...CPU, family: 'webgpu', fusion: fusion as Target['fusion'] };
const { unet, vae } = await findModelFolder(folder);
const [unetConfig, vaeConfig] = [parseUnetConfig(unet.config, ''), parseVaeConfig(vae.config, '')];
/* With every size known, shapes are constants; else computing them is the CPU's, as it should be. */
const graphs = [
  fixDimensions(
    writeGraph(
      'UNet',
      await openComponent(unet),
      (scope) => {
        writeUnet(scope, unetConfig);
      },
      { target },
    ),
    {
      [UNET.sample]: [2, 4, 8, 8],
      [UNET.prompt]: [2, 77, unetConfig.crossAttentionDim],
    },
  ),
  fixDimensions(
    writeGraph(
      'VAE',
      await openComponent(vae),
      (scope) => {
        writeVaeDecoder(scope, vaeConfig);
      },
      { target },
    ),
    {
      [VAE_DECODER.latents]: [1, 4, 8, 8],
    },
  ),
];
for (const graph of graphs) {
  const options = sessionOptions(graph);
  const extra = { session: { ...(options.extra!['session'] as object), disable_cpu_ep_fallback: '1' } };
  const outcome = await InferenceSession.create(graph.bytes, { ...options, extra }).then(() => 'placed', messageOf);
  process.stdout.write(`${graph.name}: ${outcome}\n`);
}
