/** Ctrl-C and a closed pipe, as one AbortSignal. */
import { RefineError } from '../../errors.js';
import { ENDING_SIGNALS, type EndingSignal, type ProcessContext } from './process-context.js';

const STOPPED_BY_USER = 130;

export interface StopSignal {
  /** Its reason is the RefineError that ends the run. */
  signal: AbortSignal;
  /** Removes the listeners. */
  release: () => void;
}

/**
 * The first Ctrl-C (or another signal of `ENDING_SIGNALS`) asks for an orderly stop; the second ends the process at once. A
 * run also stops when the reader of its output has gone (`| head -1`), or when its disk is full.
 */
export const listenForStop = (context: ProcessContext, onStop: () => void): StopSignal => {
  const controller = new AbortController();
  const stop = (name: EndingSignal): void => {
    context.stderr.clearLine();
    if (!controller.signal.aborted) {
      controller.abort(cancelled());
      onStop();
      /* A closed terminal sends SIGHUP more than once: from its shell, and itself. */
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
      /* Keeps the listeners while a stopped run ends, so that another signal still exits with 130. */
      if (controller.signal.aborted) return;
      for (const [name, listener] of listeners) context.off(name, listener);
      context.broken.removeEventListener('abort', onBroken);
    },
  };
};

const cancelled = (): RefineError => new RefineError('CANCELLED', 'Stopped; finished work is kept.');
