/** Every operator of the WebGPU lowering runs on WebGPU: one on the CPU would copy feature maps there and back. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fusionsOf } from '#src/onnx/graph/operators/lowerings.js';
import { goldenData } from '../../../support/golden.js';
import { skipWhere } from '../../../support/skip-where.js';
import { vulkanEnvironment } from '../../../support/vulkan.js';

const found = vulkanEnvironment();
const { it: itWithAdapter } = skipWhere('missing' in found ? found.missing : null);
const env = 'env' in found ? found.env : process.env;
const script = fileURLToPath(new URL('../../../support/place-on-webgpu.js', import.meta.url));

itWithAdapter.each(fusionsOf('webgpu'))('UNet and VAE are on WebGPU entirely, %s', (fusion) => {
  const { stdout } = spawnSync(process.execPath, [script, goldenData('models/tiny-refiner'), fusion], {
    env,
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect(stdout).toBe('UNet: placed\nVAE: placed\n');
});
