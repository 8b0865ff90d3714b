/** Finds libraries and drivers that a device family needs and this machine lacks, without loading any. */
import { readdir } from 'node:fs/promises';
import type { DeviceFamily } from '../graph/operators/target.js';
import { examineCuda, type LibrarySearch } from './cuda-libraries.js';
import { findLibrary, libraryFolders } from './find-library.js';

export interface MissingLibrary {
  /** Completes "The device cuda cannot be used: …". */
  reason: string;
  /** How to install it; null: not possible on this system. */
  remedy: string | null;
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
  const { available, provider } = await examineCuda(places);
  if (!available) return { reason: 'the inference engine supports CUDA on Linux x64 only', remedy: null };
  return provider.path === null ? missingCudaLibraries(places) : null;
};

/** CUDA libraries in none of the usual folders: the likely reason of a failed probe. */
export const missingCudaLibraries = async (places: LibrarySearch): Promise<MissingLibrary | null> => {
  const { provider, libraries, commands, cuda } = await examineCuda(places);
  const missing = [provider, ...libraries].filter(({ path }) => path === null).map(({ name }) => name);
  if (missing.length === 0) return null;
  return {
    reason: `it needs ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not here`,
    remedy: `For CUDA ${cuda}: ${commands.join(' && ')}`,
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
