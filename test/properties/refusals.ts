/** Every refusal is one that people can act on, and never as long as what was refused. */
import { isRefineError, messageOf, type ErrorCode } from '#src/errors.js';

/** Longer than any message that is written with thought; far shorter than an input that is made to be long. */
const LONGEST_MESSAGE = 2000;

/** @throws when a message repeats its input, whatever its length */
export const expectShort = (message: string): void => {
  if (message.length > LONGEST_MESSAGE) {
    throw new Error(`a message of ${message.length} characters: ${message.slice(0, 200)}…`);
  }
};

/** What is in error records and goes to terminals and logs beside the message. */
const expectShortContext = (context: object): void => {
  expectShort(JSON.stringify(context));
};

/**
 * What `read` gives; null where it refuses with one of these codes, in few words.
 * @throws what else it throws
 */
export const orRefused = async <Value>(
  read: () => Value | Promise<Value>,
  ...codes: ErrorCode[]
): Promise<Value | null> => {
  try {
    return await read();
  } catch (thrown) {
    if (!isRefineError(thrown) || !codes.includes(thrown.code)) throw thrown;
    expectShort(thrown.message);
    expectShortContext(thrown.context);
    return null;
  }
};

/** The same for what throws plain errors, whose words become part of a message. Never a fault of the program's own. */
export const orFault = <Value>(read: () => Value): Value | null => {
  try {
    return read();
  } catch (thrown) {
    const { name } = thrown as { name?: unknown };
    if (name !== 'Error') throw thrown;
    expectShort(messageOf(thrown));
    return null;
  }
};
