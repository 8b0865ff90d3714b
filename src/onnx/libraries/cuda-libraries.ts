/** Finds the libraries that ONNX Runtime's CUDA provider loads, and tells how to get missing ones. Loads none of them. */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { addedFolder } from './added-wheels.js';
import { CUDA_WHEELS, ENGINE_VERSION, LEAST_DRIVER } from './cuda-wheels.js';
import { findLibrary, libraryFolders } from './find-library.js';
import type { LibrarySearch } from './library-search.js';
import { DRIVER_LIBRARY, driverVersion } from './nvidia-driver.js';

export interface FoundLibrary {
  name: string;
  /** null: missing. */
  path: string | null;
}

export interface CudaReport {
  /** ONNX Runtime supports CUDA on this system. */
  available: boolean;
  /** Version of the loaded NVIDIA driver; null: none, or unknown. */
  driver: string | null;
  driver_library: FoundLibrary;
  /** The CUDA version of the provider; where there is none, of the one to get. */
  cuda: CudaVersion;
  libraries: FoundLibrary[];
  provider: FoundLibrary;
  /** Commands that get the missing libraries. */
  commands: string[];
}

export type CudaVersion = 12 | 13;

/**
 * CUDA's runtime libraries and cuDNN 9. The list for 13 is from the provider of onnxruntime-gpu 1.30.0 on PyPI: its dynamic
 * section, cuDNN, which it loads on first use, and what cuDNN compiles kernels with.
 */
const LIBRARIES: Readonly<Record<CudaVersion, readonly string[]>> = {
  12: ['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcufft.so.11', 'libcurand.so.10', 'libcudnn.so.9'],
  13: [
    ...['libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13', 'libcurand.so.10', 'libcudnn.so.9'],
    'libnvrtc.so.13',
  ],
};
const PROVIDER = 'libonnxruntime_providers_cuda.so';
/** A library names its dependencies in its first pages; names of other versions, which it probes for, come far later. */
const HEAD_BYTES = 2 ** 20;

export const ADD_CUDA = 'sdxl-refine devices add cuda';

/** A provider and what it needs. */
interface LibrarySet {
  cuda: CudaVersion;
  provider: FoundLibrary;
  libraries: FoundLibrary[];
}

export const examineCuda = async (search: LibrarySearch): Promise<CudaReport> => {
  /* The only system in onnxruntime-node's install script (script/install-metadata.js of 1.30). */
  const available = search.platform === 'linux' && search.arch === 'x64';
  const folders = available ? await libraryFolders(search.env, search.usualFolders) : [];
  const driverLibrary = await findLibrary(DRIVER_LIBRARY, folders);
  const driver = await driverVersion(search.env, driverLibrary !== null);
  const set = await chooseSet(search, folders, isOld(driver) ? 12 : 13);
  return {
    available,
    driver,
    driver_library: { name: DRIVER_LIBRARY, path: driverLibrary },
    ...set,
    commands: available && !isComplete(set) ? commandsFor(set, search.libraryFolder, driver) : [],
  };
};

/** Whether a driver is too old for CUDA 13. @param driver null: unknown, which is not taken for old */
export const isOld = (driver: string | null): boolean => driver !== null && Number.parseInt(driver, 10) < LEAST_DRIVER;

export const isComplete = ({ provider, libraries }: Pick<LibrarySet, 'provider' | 'libraries'>): boolean =>
  [provider, ...libraries].every(({ path }) => path !== null);

/** Whether the machine has the libraries of CUDA 13 itself, so that NVIDIA's need not be added. */
export const hasOwnCuda = async ({ env, usualFolders }: LibrarySearch): Promise<boolean> =>
  (await findAll(13, await libraryFolders(env, usualFolders))).every(({ path }) => path !== null);

/** What a person has put beside ONNX Runtime's own libraries, where it is complete; else what was added. */
const chooseSet = async (
  { libraryFolder, addedFolder: added }: LibrarySearch,
  folders: readonly string[],
  wanted: CudaVersion,
): Promise<LibrarySet> => {
  const path = await findLibrary(PROVIDER, [libraryFolder]);
  const cuda = (path === null ? null : await versionOf(path)) ?? wanted;
  const own = { cuda, provider: { name: PROVIDER, path }, libraries: await findAll(cuda, folders) };
  if (isComplete(own) || added === null) return own;
  return (await addedSet(added, folders)) ?? own;
};

/** null: the provider was not added. The machine's own libraries come before NVIDIA's wheels, but only all together. */
const addedSet = async (libraries: string, folders: readonly string[]): Promise<LibrarySet | null> => {
  const isThere = async (isEngine: boolean): Promise<string[]> => {
    const wheels = CUDA_WHEELS.filter((wheel) => wheel.isEngine === isEngine);
    const found = await Promise.all(wheels.map((wheel) => addedFolder(libraries, wheel)));
    return found.filter((folder) => folder !== null);
  };
  const path = await findLibrary(PROVIDER, await isThere(true));
  if (path === null) return null;
  const machine = await findAll(13, folders);
  const provider = { name: PROVIDER, path };
  if (isComplete({ provider, libraries: machine })) return { cuda: 13, provider, libraries: machine };
  return { cuda: 13, provider, libraries: await findAll(13, [...(await isThere(false)), ...folders]) };
};

const findAll = (cuda: CudaVersion, folders: readonly string[]): Promise<FoundLibrary[]> =>
  Promise.all(LIBRARIES[cuda].map(async (name) => ({ name, path: await findLibrary(name, folders) })));

/** An old driver has CUDA 12 only: onnxruntime-node's install script, in a separate folder, and NVIDIA's packages. */
const commandsFor = ({ provider, libraries }: LibrarySet, folder: string, driver: string | null): string[] => {
  if (!isOld(driver)) return [ADD_CUDA];
  return [
    ...(libraries.some(({ path }) => path === null)
      ? ['sudo apt-get install cuda-libraries-12-9 libcudnn9-cuda-12']
      : []),
    ...(provider.path === null
      ? [
          `npm install --ignore-scripts --prefix ort-cuda onnxruntime-node@${ENGINE_VERSION}`,
          'ONNXRUNTIME_NODE_INSTALL=cuda12 node ort-cuda/node_modules/onnxruntime-node/script/install.js',
          `mv ort-cuda/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_* '${folder}'`,
        ]
      : []),
  ];
};

/** The CUDA version that a provider was linked with; null: unknown. */
const versionOf = async (path: string): Promise<CudaVersion | null> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const found = /libcublas\.so\.(12|13)\0/.exec(buffer.toString('latin1', 0, bytesRead))?.[1];
    return found === undefined ? null : found === '12' ? 12 : 13;
  } finally {
    await file.close();
  }
};

/** Folders of what was found, each once. */
export const foldersOf = ({ provider, libraries }: Pick<CudaReport, 'provider' | 'libraries'>): string[] => [
  ...new Set([provider, ...libraries].flatMap(({ path }) => (path === null ? [] : [dirname(path)]))),
];
