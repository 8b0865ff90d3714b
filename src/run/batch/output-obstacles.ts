/** Detects obstacles at an output's path: an output may replace a file, but nothing else. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { RefineError } from '../../errors.js';
import { isTaken } from '../../io/files/exists.js';
import { isFolder } from '../../io/files/is-folder.js';
import { existingForm } from '../../io/files/unicode-form.js';

/**
 * An obstacle fails only its row. Files and links may be replaced; a link's target is not changed.
 * @param names outputs of a row, as `outputsOf` names them
 * @throws OUTPUT_OBSTRUCTED
 */
export const refuseObstacle = async (outputFolder: string, names: readonly string[]): Promise<void> => {
  for (const name of names) {
    const parts = name.split('/');
    for (let length = 1; length < parts.length; length++) {
      const part = parts.slice(0, length).join('/');
      const path = existingForm(join(outputFolder, part));
      if (!(await isTaken(path))) break;
      if (!(await isFolder(path))) throw obstructed(outputFolder, name, `${part} is not a folder`);
    }
    const stats = await lstat(existingForm(join(outputFolder, name))).catch(() => null);
    if (stats === null || stats.isFile() || stats.isSymbolicLink()) continue;
    throw obstructed(outputFolder, name, stats.isDirectory() ? 'it is a folder' : 'it is a pipe, a socket or a device');
  }
};

const obstructed = (folder: string, name: string, what: string): RefineError =>
  new RefineError(
    'OUTPUT_OBSTRUCTED',
    `Expected a free name or a file to replace for the output ${name} in ${folder}, but ${what}. Move it, or choose another output for the row.`,
    { context: { folder, name } },
  );
