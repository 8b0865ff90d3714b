/** The libraries that ONNX Runtime's CUDA provider loads: which are here, and how to get the others. Loads none of them. */
import { access, readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { CudaReport } from './report.js';

/** What onnxruntime-node 1.30 needs for CUDA: the runtime of CUDA 12, and cuDNN 9. */
const LIBRARIES = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
];
const PROVIDER = 'libonnxruntime_providers_cuda.so';

/** Where packages of CUDA, cuDNN and the driver put libraries that the loader finds. */
const USUAL_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/opt/cuda/lib64', '/usr/lib/wsl/lib'];
const TOOLKITS = '/usr/local';

const GET_PROVIDER = 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node';
const GET_LIBRARIES = 'sudo apt-get install cuda-libraries-12-9 libcudnn9-cuda-12';

export interface CudaPlaces {
  env: Readonly<Record<string, string | undefined>>;
  /** Of onnxruntime-node's libraries; null: it is not installed. */
  libraryFolder: string | null;
  platform: string;
  arch: string;
  /** Default: the system's own. */
  usualFolders?: readonly string[];
}

export const examineCuda = async ({
  env,
  libraryFolder,
  platform,
  arch,
  usualFolders,
}: CudaPlaces): Promise<CudaReport> => {
  /* onnxruntime-node's install script knows no other system (script/install-metadata.js of 1.30). */
  const available = platform === 'linux' && arch === 'x64';
  const folders = available ? await librariesFolders(env, usualFolders) : [];
  const libraries = await Promise.all(LIBRARIES.map(async (name) => ({ name, path: await find(name, folders) })));
  const provider = { name: PROVIDER, path: await find(PROVIDER, libraryFolder === null ? [] : [libraryFolder]) };
  const commands = available
    ? [
        ...(libraries.some(({ path }) => path === null) ? [GET_LIBRARIES] : []),
        ...(provider.path === null ? [GET_PROVIDER] : []),
      ]
    : [];
  return { available, driver: await driverVersion(), libraries, provider, commands };
};

const librariesFolders = async (env: CudaPlaces['env'], usual?: readonly string[]): Promise<string[]> => {
  const { LD_LIBRARY_PATH: path = '' } = env;
  const own = path.split(delimiter).filter((folder) => folder !== '');
  return [...own, ...(usual ?? [...(await toolkitFolders()), ...USUAL_FOLDERS])];
};

/** `/usr/local/cuda`, `/usr/local/cuda-12.9`, … */
const toolkitFolders = async (): Promise<string[]> => {
  const names = await readdir(TOOLKITS).catch(() => []);
  const toolkits = names.filter((name) => name.startsWith('cuda')).map((name) => join(TOOLKITS, name));
  return toolkits.flatMap((folder) => [join(folder, 'lib64'), join(folder, 'targets/x86_64-linux/lib')]);
};

const find = async (name: string, folders: readonly string[]): Promise<string | null> => {
  for (const folder of folders) {
    const path = join(folder, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return null;
};

const driverVersion = async (): Promise<string | null> => {
  const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  return /Kernel Module.*?(\d+(?:\.\d+)+)/.exec(text)?.[1] ?? null;
};
