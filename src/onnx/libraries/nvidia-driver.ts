/** NVIDIA's driver and cards, as the system tells of them. Loads nothing. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Environment } from '../../io/files/cache-folders.js';
import { COMPILED_FOR } from './cuda-wheels.js';

/** The driver's library, which CUDA's provider is linked with. */
export const DRIVER_LIBRARY = 'libcuda.so.1';

export interface Gpu {
  /** In nvidia-smi's order; CUDA's own puts the fastest first. */
  index: number;
  /** `GPU-…`, unique. */
  uuid: string;
  name: string;
  /** `8.9`; null: the driver does not say. */
  computeCapability: string | null;
  memoryBytes: number | null;
  driver: string;
}

const TIMEOUT_MS = 20_000;
const FIELDS = 'index,uuid,name,compute_cap,memory.total,driver_version';

/** Version of the loaded driver; null: none, or it does not say. @param hasLibrary its library is here, as under WSL without /proc */
export const driverVersion = async (env: Environment, hasLibrary: boolean): Promise<string | null> => {
  const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  const version = /Kernel Module.*?(\d+(?:\.\d+)+)/.exec(text)?.[1] ?? null;
  if (version !== null || !hasLibrary) return version;
  return (await listGpus(env))[0]?.driver ?? null;
};

/** What `nvidia-smi` lists; empty where it is not there, or finds none. */
export const listGpus = async (env: Environment): Promise<Gpu[]> => {
  const args = [`--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits'];
  const options = { env, timeout: TIMEOUT_MS, windowsHide: true };
  const { stdout } = await promisify(execFile)('nvidia-smi', args, options).catch(() => ({ stdout: '' }));
  return stdout.split('\n').flatMap((line) => {
    const [index = '', uuid = '', name = '', capability = '', mebibytes = '', driver = ''] = line
      .split(',')
      .map((part) => part.trim());
    if (!/^\d+$/.test(index) || !/^\d+(\.\d+)+$/.test(driver)) return [];
    return [
      {
        index: Number(index),
        uuid,
        name,
        computeCapability: /^\d+\.\d+$/.test(capability) ? capability : null,
        memoryBytes: /^\d+$/.test(mebibytes) ? Number(mebibytes) * 2 ** 20 : null,
        driver,
      },
    ];
  });
};

/** Why the provider has no code for a card; null: it has, or nothing is known of it. */
export const whyNoCode = ({ computeCapability }: Pick<Gpu, 'computeCapability'>): string | null => {
  if (computeCapability === null) return null;
  const own = Number(computeCapability);
  const runs = COMPILED_FOR.some((built) => Math.trunc(built) === Math.trunc(own) && built <= own);
  return runs
    ? null
    : `its compute capability is ${computeCapability}, and ONNX Runtime’s CUDA 13 library has code for ${COMPILED_FOR.map((one) => one.toFixed(1)).join(', ')} only`;
};
