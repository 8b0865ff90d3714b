/** Errors of writing, each with a remedy. */
import { RefineError, messageOf, systemCodeOf } from '../../errors.js';

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'give yourself permission to write there, or choose another folder with --output-dir',
  EPERM: 'give yourself permission to write there, or choose another folder with --output-dir',
  EROFS: 'the file system is read-only: choose another folder with --output-dir',
  ENOSPC: 'the disk is full: free some space, then run again with --resume',
  EDQUOT: 'the disk quota is used up: free some space, then run again with --resume',
  ENOTDIR: 'a part of the path is a file: choose another folder with --output-dir',
  EEXIST: 'a part of the path is a file: choose another folder with --output-dir',
  EISDIR: 'there is a folder of that name: move it away',
  ELOOP: 'there is a link of that name, which is not written through: remove it',
  ENAMETOOLONG: 'the name is too long: give a shorter one with the key output',
};

/** OUTPUT_UNWRITABLE for anything that a file operation threw. */
export const outputUnwritable = (path: string, cause: unknown): RefineError => {
  const remedy = REMEDIES[systemCodeOf(cause) ?? ''];
  const message = `Could not write ${path}${remedy === undefined ? '' : `: ${remedy}`} (${messageOf(cause)})`;
  return new RefineError('OUTPUT_UNWRITABLE', message, { context: { path }, cause });
};
