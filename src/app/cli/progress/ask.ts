/** Asks the user at the terminal. */
import { createInterface } from 'node:readline';
import type { ProcessContext } from '../process-context.js';

export const canAsk = ({ stdin, stderr }: ProcessContext): boolean => stdin.isTTY === true && stderr.isTTY;

/** @returns true for "y" and "yes" only; the end of the input means no */
export const ask = async (
  question: string,
  { stdin, stderr }: ProcessContext,
  signal: AbortSignal,
): Promise<boolean> => {
  signal.throwIfAborted();
  /* `terminal: false`, so that Ctrl-C stays a signal. */
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    const answer = await new Promise<string>((done) => {
      const end = (): void => {
        done('\n');
      };
      lines.once('line', done);
      lines.once('close', end);
      signal.addEventListener('abort', end);
      stderr.write(question);
    });
    /* Without Enter, the next output would be on the line of the question. */
    if (answer === '\n') stderr.write(answer);
    signal.throwIfAborted();
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
};
