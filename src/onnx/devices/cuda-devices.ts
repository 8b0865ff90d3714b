/** The NVIDIA GPUs that CUDA shows, as their driver lists them. */
import { env } from 'node:process';
import { RefineError } from '../../errors.js';
import { listGpus, type Gpu } from '../libraries/nvidia-driver.js';
import type { DeviceRequest, DevicesRequest } from './device-request.js';

/**
 * Devices by number. `CUDA_VISIBLE_DEVICES` hides those that it does not name, and numbers the others anew.
 * @returns [] where there is no driver
 */
export const listCudaDevices = async (variables: Readonly<NodeJS.ProcessEnv> = env): Promise<Gpu[]> => {
  const all = await listGpus(variables);
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
