/** Allows one run per output folder. */
import { dirname, join } from 'node:path';
import { RefineError } from '../../errors.js';
import { holdLock, SILENCE_MINUTES, type FileLock, type LockErrors } from '../../io/files/lock-file.js';
import { outputUnwritable } from './output-error.js';

/** The reason of `lost` is OUTPUT_LOCKED. */
export type RunLock = FileLock;

/**
 * @param part '' for a whole run; runs of different parts share the folder
 * @param isAlive whether a process of this machine is alive
 * @throws OUTPUT_LOCKED if another run holds the folder
 * @throws OUTPUT_UNWRITABLE
 */
export const lockFolder = (
  folder: string,
  part: string,
  isAlive: (pid: number) => boolean,
  beatMs?: number,
): Promise<RunLock> =>
  holdLock(join(folder, `.sdxl-refine${part}.lock`), {
    isAlive,
    errors: ERRORS,
    ...(beatMs === undefined ? {} : { beatMs }),
  });

const ERRORS: LockErrors = {
  held: (path, { pid, host, text }) =>
    new RefineError(
      'OUTPUT_LOCKED',
      `Expected exclusive use of ${dirname(path)}, but another run is writing to it (${text}). Wait for it, or choose another --output-dir. ` +
        `If that process has ended, delete ${path}; a lock without a heartbeat for ${SILENCE_MINUTES} minutes is stale.`,
      { context: { path, pid, host } },
    ),
  lost: (path, holder) =>
    new RefineError(
      'OUTPUT_LOCKED',
      `Expected exclusive use of ${dirname(path)}, but another run took it over while this run was suspended (${holder?.text ?? 'unknown'}). Nothing more is written; finished rows are kept.`,
      { context: { path } },
    ),
  unwritable: outputUnwritable,
  unreadable: (path, why, cause) =>
    new RefineError('OUTPUT_UNWRITABLE', `Cannot read the lock ${path}: ${why}.`, { cause }),
};
