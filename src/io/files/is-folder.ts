/** Whether a folder exists at a path. */
import { stat } from 'node:fs/promises';
import { systemPath } from './system-path.js';

/** Follows links; false also where the path cannot be reached. */
export const isFolder = async (path: string): Promise<boolean> =>
  (await stat(systemPath(path)).catch(() => null))?.isDirectory() === true;
