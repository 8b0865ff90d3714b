/** Keeps outputs inside the output folder, even if it contains links. The folder itself may be a link, since the user named it. */
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RefineError } from '../../errors.js';
import { findLink } from '../../io/files/find-link.js';

/** @param name of an output @throws OUTPUT_UNWRITABLE */
export const expectInside = async (folder: string, name: string): Promise<void> => {
  const link = await findLink(folder, name);
  if (link !== null) throw linkError(link, 'outputs must stay inside the output folder');
};

/** Checks a file that the program keeps in the folder. @throws OUTPUT_UNWRITABLE */
export const expectNoLink = async (path: string): Promise<void> => {
  if ((await lstat(path).catch(() => null))?.isSymbolicLink() === true) {
    throw linkError(path, 'files of a run must stay inside the output folder');
  }
};

const linkError = (path: string, why: string): RefineError =>
  new RefineError(
    'OUTPUT_UNWRITABLE',
    `Expected ${path} to be no symbolic link: ${why}. Remove the link, or give --output-dir its target.`,
    { context: { path, folder: dirname(path) } },
  );
