/** Whether a file, folder or link exists at a path. */
import { access, lstat } from 'node:fs/promises';
import { existingForm } from './unicode-form.js';

const succeeds = (check: Promise<unknown>): Promise<boolean> =>
  check.then(
    () => true,
    () => false,
  );

/** Whether a path can be reached. Follows links, and tries the other Unicode normalization form of the name. */
export const exists = (path: string): Promise<boolean> => succeeds(access(existingForm(path)));

/** Whether a name is in use, even by a broken link: writing there would replace something. */
export const isTaken = async (path: string): Promise<boolean> => (await exists(path)) || succeeds(lstat(path));

/** Whether the path itself is a symbolic link. */
export const isLink = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => null))?.isSymbolicLink() === true;
