/** What a device family lacks here, as far as can be told without loading anything. */
import { readdir } from 'node:fs/promises';
import type { DeviceFamily } from '../graph/operators/target.js';
import { examineCuda, type CudaPlaces } from './cuda-libraries.js';
import { findLibrary, libraryFolders } from './find-library.js';

export interface Lack {
  /** Completes "cuda cannot be used: …". */
  reason: string;
  /** How to mend it; null: not on this system. */
  remedy: string | null;
}

/** Where the loader of Vulkan looks for drivers (Khronos Vulkan-Loader docs/LoaderDriverInterface.md). */
const DRIVER_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'];

/** @returns null: nothing that shows; whether it works, only trying tells */
export const whatIsMissing = async (family: DeviceFamily, places: CudaPlaces): Promise<Lack | null> => {
  const { platform, arch } = places;
  if (family === 'cuda') return cudaLack(places);
  if (family === 'webgpu') return platform === 'linux' ? vulkanLack(places) : null;
  if (family === 'dml' && platform !== 'win32') return { reason: 'DirectML is a part of Windows', remedy: null };
  if (family === 'coreml' && (platform !== 'darwin' || arch !== 'arm64')) {
    return { reason: 'CoreML is a part of macOS, and the engine has it for Apple silicon alone', remedy: null };
  }
  return null;
};

const cudaLack = async (places: CudaPlaces): Promise<Lack | null> => {
  const { available, provider } = await examineCuda(places);
  if (!available) return { reason: 'the inference engine has CUDA for Linux on x64 only', remedy: null };
  return provider.path === null ? missingCuda(places) : null;
};

/** What of CUDA is in none of the usual folders: where it fails, the likely reason. */
export const missingCuda = async (places: CudaPlaces): Promise<Lack | null> => {
  const { provider, libraries, commands, cuda } = await examineCuda(places);
  const missing = [provider, ...libraries].filter(({ path }) => path === null).map(({ name }) => name);
  if (missing.length === 0) return null;
  return {
    reason: `it needs ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not here`,
    remedy: `For CUDA ${cuda}: ${commands.join(' && ')}`,
  };
};

const vulkanLack = async ({ env, arch, usualFolders }: CudaPlaces): Promise<Lack | null> => {
  if (arch !== 'x64') return { reason: 'the inference engine has WebGPU for Linux on x64 only', remedy: null };
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
