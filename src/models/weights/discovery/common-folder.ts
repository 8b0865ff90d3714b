/** Where ONNX Runtime may look for the files of one session. Pure. */
import { dirname, sep } from 'node:path';

/**
 * The deepest folder that all files lie below. ONNX Runtime (1.30) takes external data only from below one folder, refuses
 * absolute paths and `../`, and refuses links that lead out; so all files of a session must be given by real path.
 * @param files real, absolute paths; at least one
 * @throws RangeError without files, or when no folder holds them all (two drives)
 */
export const commonFolder = (files: readonly string[]): string => {
  const [first] = files;
  if (first === undefined) throw new RangeError('no files');
  let folder = dirname(first);
  while (!files.every((file) => isBelow(file, folder))) {
    const parent = dirname(folder);
    if (parent === folder) throw new RangeError(`no folder holds all of ${files.join(', ')}`);
    folder = parent;
  }
  return folder;
};

const isBelow = (file: string, folder: string): boolean =>
  file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
