/** Where libraries are looked for. */
import { arch, platform } from 'node:os';
import { isRefineError } from '../../errors.js';
import { librariesFolder, type Environment } from '../../io/files/cache-folders.js';
import { libraryFolder } from '../runtime/library-folder.js';

export interface LibrarySearch {
  env: Environment;
  /** Folder of ONNX Runtime's libraries. */
  libraryFolder: string;
  /** Folder of libraries that `devices add` has added; null: nothing says where it is. */
  addedFolder: string | null;
  platform: string;
  arch: string;
  /** Default: the system's library folders. */
  usualFolders?: readonly string[];
}

export const searchHere = (env: Environment): LibrarySearch => ({
  env,
  libraryFolder: libraryFolder(),
  addedFolder: orNull(() => librariesFolder(env)),
  platform: platform(),
  arch: arch(),
});

/** A user without a home has no cache, and can run all the same. */
const orNull = (folder: () => string): string | null => {
  try {
    return folder();
  } catch (thrown) {
    if (isRefineError(thrown) && thrown.code === 'CACHE_UNWRITABLE') return null;
    throw thrown;
  }
};
