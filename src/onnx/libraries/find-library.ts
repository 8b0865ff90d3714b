/** Finds shared libraries on Linux without loading them. */
import { access, readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where packages of CUDA, cuDNN, Vulkan and the driver install libraries. */
const USUAL_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib', '/opt/cuda/lib64', '/usr/lib/wsl/lib'];
const TOOLKITS = '/usr/local';
/** What the loader looks up; its strings are paths (ld.so(8), ldconfig(8)). */
const LOADER_CACHE = '/etc/ld.so.cache';

/** @param usual default: the system's own */
export const libraryFolders = async (env: Environment, usual?: readonly string[]): Promise<string[]> => {
  const { LD_LIBRARY_PATH: path = '' } = env;
  const own = path.split(delimiter).filter((folder) => folder !== '');
  if (usual !== undefined) return [...own, ...usual];
  return [...new Set([...own, ...(await toolkitFolders()), ...USUAL_FOLDERS, ...(await cachedFolders())])];
};

/** `/usr/local/cuda`, `/usr/local/cuda-12.9`, … */
const toolkitFolders = async (): Promise<string[]> => {
  const names = await readdir(TOOLKITS).catch(() => []);
  const toolkits = names.filter((name) => name.startsWith('cuda')).map((name) => join(TOOLKITS, name));
  return toolkits.flatMap((folder) => [join(folder, 'lib64'), join(folder, 'targets/x86_64-linux/lib')]);
};

const cachedFolders = async (): Promise<string[]> => {
  const bytes = await readFile(LOADER_CACHE).catch(() => Buffer.alloc(0));
  const paths = bytes.toString('latin1').match(/\/[^\0]+\.so[^\0]*(?=\0)/g) ?? [];
  return [...new Set(paths.map((path) => dirname(path)))];
};

/** Path in the first folder that has it; null: in none. */
export const findLibrary = async (name: string, folders: readonly string[]): Promise<string | null> => {
  for (const folder of folders) {
    const path = join(folder, name);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return null;
};
