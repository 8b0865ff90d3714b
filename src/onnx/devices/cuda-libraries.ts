/** Finds the libraries that ONNX Runtime's CUDA provider loads, and tells how to install missing ones. Loads none of them. */
import { open, readFile } from 'node:fs/promises';
import { findLibrary, libraryFolders } from './find-library.js';

export interface CudaReport {
  /** ONNX Runtime supports CUDA on this system. */
  available: boolean;
  /** Version of the loaded NVIDIA driver; null: none. */
  driver: string | null;
  /** The CUDA version of the provider, else of the installed libraries. */
  cuda: CudaVersion;
  libraries: { name: string; path: string | null }[];
  provider: { name: string; path: string | null };
  /** Commands that install the missing libraries. */
  commands: string[];
}

export type CudaVersion = 12 | 13;

/**
 * CUDA's runtime libraries and cuDNN 9. The list for 13 is from the provider of onnxruntime-gpu 1.30.0 on PyPI: its dynamic
 * section, and cuDNN, which it loads on first use.
 */
const LIBRARIES: Readonly<Record<CudaVersion, readonly string[]>> = {
  12: ['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcufft.so.11', 'libcurand.so.10', 'libcudnn.so.9'],
  13: ['libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13', 'libcurand.so.10', 'libcudnn.so.9'],
};
const PROVIDER = 'libonnxruntime_providers_cuda.so';
/** A library names its dependencies in its first pages; names of other versions, which it probes for, come far later. */
const HEAD_BYTES = 2 ** 20;

const GET_LIBRARIES: Readonly<Record<CudaVersion, string>> = {
  12: 'sudo apt-get install cuda-libraries-12-9 libcudnn9-cuda-12',
  13: 'sudo apt-get install cuda-libraries-13-0 libcudnn9-cuda-13',
};

export interface LibrarySearch {
  env: Readonly<Record<string, string | undefined>>;
  /** Folder of ONNX Runtime's libraries. */
  libraryFolder: string;
  platform: string;
  arch: string;
  /** Default: the system's library folders. */
  usualFolders?: readonly string[];
}

export const examineCuda = async ({
  env,
  libraryFolder,
  platform,
  arch,
  usualFolders,
}: LibrarySearch): Promise<CudaReport> => {
  /* The only system in onnxruntime-node's install script (script/install-metadata.js of 1.30). */
  const available = platform === 'linux' && arch === 'x64';
  const folders = available ? await libraryFolders(env, usualFolders) : [];
  const path = await findLibrary(PROVIDER, [libraryFolder]);
  const cuda = (path === null ? null : await versionOf(path)) ?? (await installedVersion(folders));
  const libraries = await Promise.all(
    LIBRARIES[cuda].map(async (name) => ({ name, path: await findLibrary(name, folders) })),
  );
  const commands = [
    ...(libraries.some(({ path: found }) => found === null) ? [GET_LIBRARIES[cuda]] : []),
    ...(path === null ? getProvider(cuda, libraryFolder) : []),
  ];
  return {
    available,
    driver: await driverVersion(),
    cuda,
    libraries,
    provider: { name: PROVIDER, path },
    commands: available ? commands : [],
  };
};

/** CUDA 12: onnxruntime-node's install script, in a separate folder. CUDA 13: the same release's libraries on PyPI (docs/devices.md). */
const getProvider = (cuda: CudaVersion, folder: string): string[] =>
  cuda === 12
    ? [
        'npm install --ignore-scripts --prefix ort-cuda onnxruntime-node@1.30.0',
        'ONNXRUNTIME_NODE_INSTALL=cuda12 node ort-cuda/node_modules/onnxruntime-node/script/install.js',
        `mv ort-cuda/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_* '${folder}'`,
      ]
    : [
        'pip download --no-deps onnxruntime-gpu==1.30.0',
        `unzip -j -o onnxruntime_gpu-1.30.0-*.whl 'onnxruntime/capi/libonnxruntime*' -d '${folder}'`,
        `mv '${folder}/libonnxruntime.so.1.30.0' '${folder}/libonnxruntime.so.1'`,
      ];

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

/** 13 only if it is installed and 12 is not. */
const installedVersion = async (folders: readonly string[]): Promise<CudaVersion> => {
  if ((await findLibrary('libcudart.so.12', folders)) !== null) return 12;
  return (await findLibrary('libcudart.so.13', folders)) === null ? 12 : 13;
};

const driverVersion = async (): Promise<string | null> => {
  const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  return /Kernel Module.*?(\d+(?:\.\d+)+)/.exec(text)?.[1] ?? null;
};
