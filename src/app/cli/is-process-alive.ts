/** Checks whether a process runs on this machine. */
import { systemCodeOf } from '../../errors.js';
import type { ProcessContext } from './process-context.js';

/** Signal 0 only checks. EPERM: the process exists and belongs to another user. */
export const isAlive = (context: Pick<ProcessContext, 'kill'>, pid: number): boolean => {
  try {
    context.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCodeOf(thrown) === 'EPERM';
  }
};
