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
  return visible === undefined ? all : visibleDevices(all, visible);
};

/** @param visible numbers, or beginnings of unique identifiers; as CUDA reads it, the first invalid one ends the list */
export const visibleDevices = (all: readonly Gpu[], visible: string): Gpu[] => {
  const found: Gpu[] = [];
  for (const name of visible.split(',').map((part) => part.trim())) {
    const gpu = /^\d+$/.test(name) ? all[Number(name)] : (partOf(name, all) ?? byIdentifier(name, all));
    if (gpu === undefined) break;
    found.push(gpu);
  }
  return found;
};

const byIdentifier = (name: string, all: readonly Gpu[]): Gpu | undefined => {
  const matching = name.startsWith('GPU-') ? all.filter(({ uuid }) => uuid.startsWith(name)) : [];
  return matching.length === 1 ? matching[0] : undefined;
};

/** A part of a card (MIG): nvidia-smi tells its memory in another way. */
const partOf = (name: string, [first]: readonly Gpu[]): Gpu | undefined =>
  name.startsWith('MIG-') && first !== undefined
    ? { ...first, uuid: name, name, computeCapability: null, memoryBytes: null }
    : undefined;

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
