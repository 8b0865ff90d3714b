/** The common folder of a session's files. Pure. */
import { dirname, sep } from 'node:path';

/**
 * The deepest common folder of all files. ONNX Runtime (1.30) takes external data only from below one folder, refuses absolute
 * paths and `../`, and refuses links that lead out: all files of a session must be real paths.
 * @param files real, absolute paths; at least one
 * @throws RangeError without files, or if they have no common folder (two drives)
 */
export const commonFolder = (files: readonly string[]): string => {
  const [first] = files;
  if (first === undefined) throw new RangeError('no files');
  let folder = dirname(first);
  while (!files.every((file) => isBelow(file, folder))) {
    const parent = dirname(folder);
    if (parent === folder) throw new RangeError(`no common folder of ${files.join(', ')}`);
    folder = parent;
  }
  return folder;
};

const isBelow = (file: string, folder: string): boolean =>
  file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
