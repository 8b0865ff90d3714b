/** The environment in which a process that uses a device is started, so that the loader finds its libraries: docs/decisions/0012. */
import type { Environment } from '../../io/files/cache-folders.js';
import type { DeviceFamily } from '../graph/operators/target.js';
import { examineCuda, foldersOf, isComplete } from './cuda-libraries.js';
import { searchHere, type LibrarySearch } from './library-search.js';

/**
 * Folders that the loader knows by itself. They hold other programs' libraries too, which must not come before ONNX Runtime's
 * own.
 */
const SYSTEM = /^\/(?:usr\/)?lib(?:64|32)?(?:\/|$)/;

/** Folders of CUDA's libraries, ONNX Runtime's own first, before what LD_LIBRARY_PATH has; other families need none. */
export const loaderEnvironment = async (
  family: DeviceFamily,
  env: Environment,
  search: LibrarySearch = searchHere(env),
): Promise<NodeJS.ProcessEnv> => {
  if (family !== 'cuda') return { ...env };
  const report = await examineCuda(search);
  if (!report.available || !isComplete(report)) return { ...env };
  const given = (env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const needed = foldersOf(report).filter(
    (folder) => !SYSTEM.test(folder) && folder !== search.libraryFolder && !given.includes(folder),
  );
  if (needed.length === 0) return { ...env };
  return { ...env, LD_LIBRARY_PATH: [...needed, ...given].join(':') };
};
