/** Detects obstacles at an output's path: an output may replace a file, but nothing else. */
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError } from '../../errors.js';
import { existingForm } from '../../io/files/unicode-form.js';

/**
 * A row that cannot have its place must not cost the others theirs. A file and a link are replaced, a link's target is not touched.
 * @param names outputs of a row, as `outputsOf` names them
 * @throws OUTPUT_OBSTRUCTED
 */
export const refuseObstacle = async (outputFolder: string, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    const parts = name.split('/');
    for (let length = 1; length < parts.length; length++) {
      const part = parts.slice(0, length).join('/');
      const isThere = await isFolder(existingForm(join(outputFolder, part)));
      if (isThere === null) break;
      if (!isThere) throw obstructed(outputFolder, name, `${part} is not a folder`);
    }
    const found = await lstat(existingForm(join(outputFolder, name))).catch(() => null);
    if (found === null || found.isFile() || found.isSymbolicLink()) continue;
    throw obstructed(outputFolder, name, found.isDirectory() ? 'it is a folder' : 'it is a pipe, a socket or a device');
  }
};

/** null: there is nothing. */
const isFolder = async (path: string): Promise<boolean | null> => {
  if ((await lstat(path).catch(() => null)) === null) return null;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
};

const obstructed = (folder: string, name: string, what: string): RefineError =>
  new RefineError(
    'OUTPUT_OBSTRUCTED',
    `Expected a free name or a file to replace for the output ${name} in ${folder}, but ${what}. Move it, or choose another output for the row.`,
    { context: { folder, name } },
  );
