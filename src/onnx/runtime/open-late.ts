/** Opens a session in the middle of a run, for a row. */
import { isRefineError, RefineError, type ErrorContext } from '../../errors.js';

/**
 * A session that does not open, for instance because memory is full, fails the row that needs it: other rows may not.
 * @param mend how to do without it; also in the error's context, for clients that must not read the engine's words
 * @throws SESSION_RUN in place of SESSION_CREATE
 */
export const openLate = async <Opened>(
  open: () => Promise<Opened>,
  mend: string,
  context: ErrorContext = {},
): Promise<Opened> => {
  try {
    return await open();
  } catch (cause) {
    if (!isRefineError(cause) || cause.code !== 'SESSION_CREATE') throw cause;
    const message = `${cause.message.replace(/\.$/, '')}. Free memory, or ${mend}.`;
    throw new RefineError('SESSION_RUN', message, { context: { ...context, mend }, cause });
  }
};
