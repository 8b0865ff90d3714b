/** The NVIDIA GPUs of this machine, as their driver lists them. */
import { execFile } from 'node:child_process';
import { env } from 'node:process';
import { promisify } from 'node:util';
import { RefineError } from '../../errors.js';
import type { DeviceRequest, DevicesRequest } from './device-request.js';

const TIMEOUT_MS = 20_000;

/**
 * Devices by number. `CUDA_VISIBLE_DEVICES` hides those that it does not name, and numbers the others anew.
 * @returns a line for each, such as `GPU 0: NVIDIA H100 80GB HBM3 (UUID: …)`; [] where there is no driver
 */
export const listCudaDevices = async (variables: Readonly<NodeJS.ProcessEnv> = env): Promise<string[]> => {
  const { stdout } = await promisify(execFile)('nvidia-smi', ['-L'], { timeout: TIMEOUT_MS, env: variables }).catch(
    () => ({ stdout: '' }),
  );
  const all = stdout.split('\n').filter((line) => line.startsWith('GPU '));
  const { CUDA_VISIBLE_DEVICES: visible } = variables;
  return visible === undefined ? all : all.slice(0, visible.split(',').filter((name) => name.trim() !== '').length);
};

/** @throws DEVICE_UNAVAILABLE for `all CUDA` without one */
export const resolveDevices = async (request: DevicesRequest): Promise<readonly DeviceRequest[]> => {
  if (request !== 'all CUDA') return request;
  const found = await listCudaDevices();
  if (found.length > 0) return found.map((_, index) => ({ family: 'cuda', index }));
  throw new RefineError(
    'DEVICE_UNAVAILABLE',
    'Expected an NVIDIA GPU for --device cuda:all, found none: "nvidia-smi -L" lists no device. Leave --device out, or give cpu.',
    { context: { device: 'cuda' } },
  );
};
