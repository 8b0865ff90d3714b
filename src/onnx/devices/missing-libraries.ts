/** Finds libraries and drivers that a device family needs and this machine lacks, without loading any. */
import { readdir } from 'node:fs/promises';
import type { DeviceFamily } from '../graph/operators/target.js';
import { ADD_CUDA, examineCuda, isComplete, isOld, type CudaReport } from '../libraries/cuda-libraries.js';
import { LEAST_DRIVER } from '../libraries/cuda-wheels.js';
import { findLibrary, libraryFolders } from '../libraries/find-library.js';
import type { LibrarySearch } from '../libraries/library-search.js';

export interface MissingLibrary {
  /** Completes "The device cuda cannot be used: …". */
  reason: string;
  /** How to install it; null: not possible on this system. */
  remedy: string | null;
  /** The hardware is here, so that its owner wants to know. Default: unknown. */
  isHardwareHere?: boolean;
}

/** Where the Vulkan loader looks for drivers (Khronos Vulkan-Loader docs/LoaderDriverInterface.md). */
const DRIVER_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'];

/** @returns null if nothing is known to be missing; only a probe tells whether the device works */
export const findMissingLibrary = async (
  family: DeviceFamily,
  places: LibrarySearch,
): Promise<MissingLibrary | null> => {
  const { platform, arch } = places;
  if (family === 'cuda') return missingForCuda(places);
  if (family === 'webgpu') return platform === 'linux' ? missingForVulkan(places) : null;
  if (family === 'dml' && platform !== 'win32') return { reason: 'DirectML is a part of Windows', remedy: null };
  if (family === 'coreml' && (platform !== 'darwin' || arch !== 'arm64')) {
    return { reason: 'CoreML is a part of macOS, and the engine supports it on Apple silicon only', remedy: null };
  }
  return null;
};

const missingForCuda = async (places: LibrarySearch): Promise<MissingLibrary | null> => {
  const report = await examineCuda(places);
  const { available, provider } = report;
  if (!available) return { reason: 'the inference engine supports CUDA on Linux x64 only', remedy: null };
  return missingDriver(report) ?? (provider.path === null ? missingIn(report) : null);
};

/** The provider is linked with the driver's library: without it nothing of CUDA loads. */
const missingDriver = (report: CudaReport): MissingLibrary | null => {
  const { driver, driver_library: library } = report;
  if (driver !== null || library.path !== null) return null;
  const then = isComplete(report) ? '' : `, then run "${ADD_CUDA}"`;
  return {
    reason: `it needs NVIDIA’s driver (${library.name}), which is not here`,
    remedy: `Where there is an NVIDIA card, install its driver, ${LEAST_DRIVER} or newer${then}`,
  };
};

/** CUDA libraries in none of the usual folders: the likely reason of a failed probe. */
export const missingCudaLibraries = async (places: LibrarySearch): Promise<MissingLibrary | null> =>
  missingIn(await examineCuda(places));

const missingIn = ({ provider, libraries, commands, cuda, driver }: CudaReport): MissingLibrary | null => {
  const missing = [provider, ...libraries].filter(({ path }) => path === null).map(({ name }) => name);
  if (missing.length === 0) return null;
  const old = isOld(driver) ? `The driver ${driver ?? ''} is older than CUDA 13 needs (${LEAST_DRIVER}). ` : '';
  return {
    reason: `it needs ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not here`,
    remedy: commands[0] === ADD_CUDA ? `Run "${ADD_CUDA}"` : `${old}For CUDA ${cuda}: ${commands.join(' && ')}`,
    isHardwareHere: driver !== null,
  };
};

const missingForVulkan = async ({ env, arch, usualFolders }: LibrarySearch): Promise<MissingLibrary | null> => {
  if (arch !== 'x64') return { reason: 'the inference engine supports WebGPU on Linux x64 only', remedy: null };
  if ((await findLibrary('libvulkan.so.1', await libraryFolders(env, usualFolders))) === null) {
    return { reason: 'it needs Vulkan (libvulkan.so.1), which is not here', remedy: 'sudo apt-get install libvulkan1' };
  }
  const named = DRIVER_VARIABLES.some((name) => (env[name] ?? '') !== '');
  const drivers = await Promise.all(DRIVER_FOLDERS.map((folder) => readdir(folder).catch(() => [])));
  if (named || drivers.flat().length > 0) return null;
  return {
    reason: 'Vulkan has no driver here',
    remedy: 'Install the driver of your graphics card: NVIDIA’s own, or mesa-vulkan-drivers for AMD and Intel',
  };
};
