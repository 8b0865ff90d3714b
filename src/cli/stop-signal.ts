/** Ctrl-C and a closed pipe, as one AbortSignal. */
import { messageOf, RefineError, systemCodeOf } from '../errors.js';
import type { Surroundings } from './surroundings.js';

const STOPPED_BY_USER = 130;

export interface StopSignal {
  /** Its reason is the RefineError that the run ends with. */
  signal: AbortSignal;
  /** Gives the signals back. */
  release: () => void;
}

/**
 * The first Ctrl-C (or SIGTERM) asks for an orderly stop; the second ends the process at once. When the reader of our
 * standard output has gone (`| head -1`), the run stops too: nobody is waiting for the rest. So does one whose words
 * have no place, on a full disk.
 */
export const listenForStop = (around: Surroundings, onStop: () => void): StopSignal => {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) around.exit(STOPPED_BY_USER);
    controller.abort(cancelled());
    onStop();
  };
  const onError = (error: unknown): void => {
    const isClosed = systemCodeOf(error) === 'EPIPE';
    const message = `Cannot write the results: ${messageOf(error)}. Free space where the output goes, then run again; batch and generate go on with --resume.`;
    controller.abort(isClosed ? cancelled() : new RefineError('OUTPUT_UNWRITABLE', message));
  };
  around.on('SIGINT', stop);
  around.on('SIGTERM', stop);
  around.stdout.on('error', onError);
  around.stderr.on('error', onError);
  return {
    signal: controller.signal,
    release: () => {
      /* A run that is stopping ends the process: a signal that comes on the way must still mean 130. */
      if (controller.signal.aborted) return;
      around.off('SIGINT', stop);
      around.off('SIGTERM', stop);
    },
  };
};

const cancelled = (): RefineError => new RefineError('CANCELLED', 'Stopped; what is finished is kept.');
