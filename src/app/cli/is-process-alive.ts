/** Whether a process of this machine lives. */
import { systemCodeOf } from '../../errors.js';
import type { ProcessContext } from './process-context.js';

/** Signal 0 asks and does nothing; one that belongs to someone else may not be asked, and so is there. */
export const isAlive = (context: ProcessContext, pid: number): boolean => {
  try {
    context.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCodeOf(thrown) === 'EPERM';
  }
};
