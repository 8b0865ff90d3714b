/** Ctrl-C and a closed pipe, as one AbortSignal. */
import { RefineError } from '../../errors.js';
import { ENDING_SIGNALS, type EndingSignal, type ProcessContext } from './process-context.js';

const STOPPED_BY_USER = 130;

export interface StopSignal {
  /** Its reason is the RefineError that the run ends with. */
  signal: AbortSignal;
  /** Gives the signals back. */
  release: () => void;
}

/**
 * The first Ctrl-C (or another signal that ends programs) asks for an orderly stop; the second ends the process at once. A run also stops when the
 * reader of its output has gone (`| head -1`), or its disk is full.
 */
export const listenForStop = (context: ProcessContext, onStop: () => void): StopSignal => {
  const controller = new AbortController();
  const stop = (name: EndingSignal): void => {
    context.stderr.clearLine();
    if (!controller.signal.aborted) {
      controller.abort(cancelled());
      onStop();
      /* A terminal that is closed says so more than once: by its shell, and by itself. */
    } else if (name !== 'SIGHUP') {
      context.stderr.status(null);
      context.exit(STOPPED_BY_USER);
    }
  };
  const listeners = ENDING_SIGNALS.map(
    (name) =>
      [
        name,
        () => {
          stop(name);
        },
      ] as const,
  );
  const onBroken = (): void => {
    controller.abort(context.broken.reason);
  };
  for (const [name, listener] of listeners) context.on(name, listener);
  if (context.broken.aborted) onBroken();
  else context.broken.addEventListener('abort', onBroken);
  return {
    signal: controller.signal,
    release: () => {
      /* A run that is stopping ends the process: a signal that comes on the way must still mean 130. */
      if (controller.signal.aborted) return;
      for (const [name, listener] of listeners) context.off(name, listener);
      context.broken.removeEventListener('abort', onBroken);
    },
  };
};

const cancelled = (): RefineError => new RefineError('CANCELLED', 'Stopped; finished work is kept.');
