/** How many files may be open at once, where a system allows so few that the program cannot even be loaded. */
import { report } from 'node:process';

/** Loading takes some 110 at once, a run a few more. */
const NEEDED = 256;

/**
 * What to say when modules could not be loaded; null: not for this reason. Node's loader says EMFILE, or that a module is
 * not there when it could not look.
 */
export const openFileProblem = (): string | null => {
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: number | 'unlimited' } } };
  const limit = userLimits?.open_files?.soft;
  if (typeof limit !== 'number' || limit >= NEEDED) return null;
  return `Expected a limit of at least ${NEEDED} open files, found ${limit}. Raise the limit: "ulimit -n 1024" in this shell, or --ulimit nofile=1024 of a container.`;
};
