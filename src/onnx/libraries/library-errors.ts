/** Errors of adding and removing libraries, each with a remedy. */
import { dirname } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { SILENCE_MINUTES, type LockErrors } from '../../io/files/lock-file.js';

export const downloadFailed = (message: string, cause?: unknown): RefineError =>
  new RefineError('LIBRARY_DOWNLOAD_FAILED', message, { cause });

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full. Free some space and try again: what came is kept until "sdxl-refine devices remove cuda"',
  EDQUOT:
    'the disk quota is used up. Free some space and try again: what came is kept until "sdxl-refine devices remove cuda"',
};

/** CACHE_UNWRITABLE for whatever a file operation threw. */
export const libraryUnwritable = (path: string, cause: unknown): RefineError => {
  const remedy = REMEDIES[systemCodeOf(cause) ?? ''] ?? 'set SDXL_REFINE_CACHE to a folder that can be written';
  const message = `Cannot write ${path}: ${remedy} (${messageOf(cause)}).`;
  return new RefineError('CACHE_UNWRITABLE', message, { context: { path }, cause });
};

export const LIBRARY_LOCK: LockErrors = {
  held: (path, { pid, host, text }) =>
    new RefineError(
      'CACHE_LOCKED',
      `Expected to add or remove libraries in ${dirname(path)} alone, but another process does so (${text}). Wait for it. ` +
        `If that process has ended, delete ${path}; a lock without a heartbeat for ${SILENCE_MINUTES} minutes is stale.`,
      { context: { path, pid, host } },
    ),
  lost: (path) =>
    new RefineError(
      'CACHE_LOCKED',
      `Another process took ${dirname(path)} over while this one was suspended. Nothing more is written; try again.`,
      { context: { path } },
    ),
  unwritable: libraryUnwritable,
  unreadable: (path, why, cause) =>
    new RefineError('CACHE_UNWRITABLE', `Cannot read the lock ${path}: ${why}.`, { cause }),
};
