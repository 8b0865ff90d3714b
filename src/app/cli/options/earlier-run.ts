/** Options for a run whose output folder has results of an earlier run. */
import { RefineError } from '../../../errors.js';

interface EarlierRunFlags {
  overwrite?: boolean;
  resume?: boolean;
  retryFailed?: boolean;
  append?: boolean;
  prune?: boolean;
  verify?: boolean;
}

export interface EarlierRun {
  /** Replace its results. */
  overwrites: boolean;
  /** Continue it. */
  resumes: boolean;
  /** Retry its failed rows. */
  retriesFailed: boolean;
  /** Add rows to it. */
  appends: boolean;
  /** Remove its results and outputs that no row writes any more. */
  prunes: boolean;
  /** Compare its finished outputs with the bytes that were written. */
  verifies: boolean;
}

/** @throws USAGE_CONFLICT */
export const parseEarlierRun = (flags: EarlierRunFlags): EarlierRun => {
  const retriesFailed = flags.retryFailed === true;
  const resumes = flags.resume === true || retriesFailed;
  const [appends, overwrites, prunes] = [flags.append === true, flags.overwrite === true, flags.prune === true];
  if ((resumes || appends) && overwrites) {
    throw new RefineError(
      'USAGE_CONFLICT',
      `${appends ? '--append' : '--resume'} keeps what is finished and --overwrite replaces it: give one of them.`,
    );
  }
  if (prunes && (appends || !(resumes || overwrites))) {
    throw new RefineError(
      'USAGE_CONFLICT',
      '--prune removes outputs of earlier runs: give it with --resume or --overwrite, and not with --append.',
    );
  }
  const verifies = flags.verify === true;
  if (verifies && !resumes && !appends) {
    throw new RefineError(
      'USAGE_CONFLICT',
      '--verify checks outputs of an earlier run: give it with --resume or --append.',
    );
  }
  return { overwrites, resumes, retriesFailed, appends, prunes, verifies };
};
