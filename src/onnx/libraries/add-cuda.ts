/** Adds what `--device cuda` needs to the cache, and removes it. */
import { join } from 'node:path';
import { isRefineError, RefineError } from '../../errors.js';
import { exists } from '../../io/files/exists.js';
import { librariesFolder } from '../../io/files/cache-folders.js';
import { holdLock } from '../../io/files/lock-file.js';
import { addWheels, LOCK, type AddOptions } from './add-wheels.js';
import { listAdded, removeAdded, removeIfEmpty, unfinishedBytes, type AddedWheel } from './added-wheels.js';
import { examineCuda, hasOwnCuda, isOld } from './cuda-libraries.js';
import { CUDA_WHEELS, LEAST_DRIVER, type Wheel } from './cuda-wheels.js';
import { LIBRARY_LOCK, libraryUnwritable } from './library-errors.js';
import type { LibrarySearch } from './library-search.js';
import { listGpus, whyNoCode } from './nvidia-driver.js';

export interface AddedCuda {
  /** Of all libraries. */
  folder: string;
  /** NVIDIA's driver is loaded here; else only its libraries are, for later. */
  hasDriver: boolean;
  /** The machine has CUDA 13 and cuDNN itself, so that NVIDIA's wheels were left out. */
  usesOwnCuda: boolean;
}

/**
 * @param wheels default: those of this version
 * @throws DEVICE_UNAVAILABLE where they would be of no use; LIBRARY_DOWNLOAD_FAILED, CACHE_UNWRITABLE, CACHE_LOCKED, the
 *   signal's reason
 */
export const addCuda = async (
  search: LibrarySearch,
  options: Omit<AddOptions, 'libraries'>,
  wheels: readonly Wheel[] = CUDA_WHEELS,
): Promise<AddedCuda> => {
  const { driver, driver_library: library } = await expectSupported(search);
  const folder = librariesFolder(search.env);
  const usesOwnCuda = await hasOwnCuda(search);
  await addWheels(
    wheels.filter(({ isEngine }) => isEngine || !usesOwnCuda),
    { ...options, libraries: folder },
  );
  return { folder, hasDriver: driver !== null || library.path !== null, usesOwnCuda };
};

/** @throws DEVICE_UNAVAILABLE */
const expectSupported = async (search: LibrarySearch): ReturnType<typeof examineCuda> => {
  const report = await examineCuda(search);
  const { available, driver } = report;
  if (!available) {
    throw unusable(
      `Expected Linux on x64, the only system for which ONNX Runtime has a CUDA library, found ${search.platform} on ${search.arch}. ` +
        'Leave --device out: it takes DirectML on Windows, and WebGPU on Windows and macOS.',
    );
  }
  if (isOld(driver)) {
    throw unusable(
      `Expected NVIDIA's driver ${LEAST_DRIVER} or newer, which CUDA 13 needs, found ${driver ?? ''}. Update the driver, or use CUDA 12: ` +
        'the commands are in docs/devices.md, and "sdxl-refine doctor" prints them for this machine.',
    );
  }
  const gpus = await listGpus(search.env);
  const [gpu] = gpus;
  const reason = gpu === undefined ? null : whyNoCode(gpu);
  if (gpu !== undefined && reason !== null && gpus.every((one) => whyNoCode(one) !== null)) {
    throw unusable(
      `${gpu.name} cannot run it: ${reason}. For an older card use CUDA 12 (docs/devices.md); for a newer one, WebGPU.`,
    );
  }
  return report;
};

const unusable = (message: string): RefineError =>
  new RefineError('DEVICE_UNAVAILABLE', message, { context: { device: 'cuda' } });

export interface RemovedCuda {
  folder: string;
  wheels: AddedWheel[];
  bytes: number;
  /** Folders with other files. */
  stay: string[];
}

/** Whatever version of this program added it. @throws CACHE_UNWRITABLE, CACHE_LOCKED */
export const removeCuda = async (search: LibrarySearch, isAlive: AddOptions['isAlive']): Promise<RemovedCuda> => {
  const folder = librariesFolder(search.env);
  const nothing = { folder, wheels: [], bytes: 0, stay: [] };
  if (!(await exists(folder))) return nothing;
  try {
    const lock = await holdLock(join(folder, LOCK), { isAlive, errors: LIBRARY_LOCK });
    try {
      const wheels = await listAdded(folder);
      const bytes = addedBytes(wheels) + (await unfinishedBytes(folder));
      return { folder, wheels, bytes, stay: await removeAdded(folder, wheels) };
    } finally {
      await lock.release();
      await removeIfEmpty(folder);
    }
  } catch (thrown) {
    throw isRefineError(thrown) ? thrown : libraryUnwritable(folder, thrown);
  }
};

export const addedBytes = (wheels: readonly AddedWheel[]): number =>
  wheels.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
