/** Detects a limit of open files that is too low to load the program. */
import { report } from 'node:process';

/** Loading opens some 110 at a time, a run a few more. */
const NEEDED = 256;

/**
 * Message for modules that could not be loaded; null if the limit is not the reason. Node's loader reports EMFILE, or a missing
 * module that it could not look up.
 */
export const openFileProblem = (): string | null => {
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } };
  const limit = userLimits?.open_files?.soft;
  if (typeof limit !== 'number' || limit >= NEEDED) return null;
  return `Expected a limit of at least ${NEEDED} open files, found ${limit}. Raise the limit: "ulimit -n 1024" in this shell, or --ulimit nofile=1024 of a container.`;
};
