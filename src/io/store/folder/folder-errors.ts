/** Errors of a folder that is used as a store, in the store's codes. */
import { isRefineError, messageOf, RefineError, systemCodeOf, type ErrorCode } from '../../../errors.js';
import { FileRefused } from '../../files/open-file.js';

interface Meaning {
  code: ErrorCode;
  remedy: string;
}

const DENIED: Meaning = { code: 'STORE_DENIED', remedy: 'Give yourself permission there, or choose another folder' };
const NO_FOLDER: Meaning = {
  code: 'STORE_UNAVAILABLE',
  remedy: 'A part of the path is a file: choose another name or folder',
};
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'STORE_MISSING', remedy: 'Check its name' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { code: 'STORE_DENIED', remedy: 'The file system is read-only: choose another folder' },
  ENOSPC: { code: 'STORE_UNAVAILABLE', remedy: 'The disk is full: free some space' },
  EDQUOT: { code: 'STORE_UNAVAILABLE', remedy: 'The disk quota is used up: free some space' },
  ENOTDIR: NO_FOLDER,
  EEXIST: NO_FOLDER,
};

/** As in object storage, there is nothing below a file, and a folder is only a part of names. */
export const isAbsent = (cause: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '') ||
  (cause instanceof FileRefused && cause.reason === 'folder');

/** @param what was attempted: `read`, `write` */
export const folderError = (what: string, path: string, cause: unknown): RefineError => {
  if (isRefineError(cause)) return cause;
  const meaning = MEANINGS[systemCodeOf(cause) ?? ''];
  const usual = cause instanceof FileRefused ? 'STORE_DENIED' : (meaning?.code ?? 'STORE_UNAVAILABLE');
  const code = what === 'read' && isAbsent(cause) ? 'STORE_MISSING' : usual;
  const remedy = meaning === undefined ? '' : ` ${meaning.remedy}.`;
  return new RefineError(code, `Could not ${what} ${path}: ${messageOf(cause)}.${remedy}`, {
    context: { path },
    cause,
  });
};
