import { addAbortSignal, type Readable } from 'node:stream';
import { spoolStdin } from '../manifest/spool-stdin.js';

/** A stop ends the wait for a standard input that nobody closes. */
export const keepStdin = async (
  stdin: Readable,
  { scratch, signal }: { scratch: string; signal: AbortSignal },
): Promise<string> => {
  try {
    return await spoolStdin(addAbortSignal(signal, stdin), scratch);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
};
