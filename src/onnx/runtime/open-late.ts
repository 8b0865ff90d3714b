/** Opens a session in the middle of a run, for a row. */
import { isRefineError, messageOf, RefineError } from '../../errors.js';

/**
 * A session that does not open, for instance because memory is full, fails the row that needs it: other rows may not.
 * @param mend how to do without it
 * @throws SESSION_RUN in place of SESSION_CREATE
 */
export const openLate = async <Opened>(open: () => Promise<Opened>, mend: string): Promise<Opened> => {
  try {
    return await open();
  } catch (cause) {
    if (!isRefineError(cause) || cause.code !== 'SESSION_CREATE') throw cause;
    throw new RefineError('SESSION_RUN', `${messageOf(cause)}. Free memory, or ${mend}.`, { cause });
  }
};
