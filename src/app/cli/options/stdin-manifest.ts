/** Saves a manifest from standard input to a file, because it is read more than once. */
import { platform } from 'node:process';
import { addAbortSignal } from 'node:stream';
import { spoolStdin } from '../../../run/manifest/inputs/spool-stdin.js';
import type { ProcessContext } from '../process-context.js';

/**
 * A stop signal ends the wait for standard input. At a terminal, prints that the command reads from it.
 * @param scratch temporary folder of the run
 * @returns the file's path
 * @throws OUTPUT_UNWRITABLE MANIFEST_UNREADABLE, the signal's reason
 */
export const spoolStdinManifest = async (
  { stdin, stderr }: ProcessContext,
  { scratch, signal, quiet }: { scratch: string; signal: AbortSignal; quiet: boolean },
): Promise<string> => {
  if (stdin.isTTY === true && !quiet) {
    const end = platform === 'win32' ? 'Ctrl-Z and Enter' : 'Ctrl-D';
    stderr.write(`Reading JSON lines from the terminal; end with ${end}\n`);
  }
  try {
    return await spoolStdin(addAbortSignal(signal, stdin), scratch);
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
};
