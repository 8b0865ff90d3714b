/** Watches standard output and standard error: their reader may go away (`| head -1`), or their disk may be full. */
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import type { Process } from '../process-context.js';

export interface OutputStreams {
  /** Aborts when writing fails; its reason is the RefineError that ends the run: CANCELLED OUTPUT_UNWRITABLE. */
  broken: AbortSignal;
  /** Waits until all output is written, or has failed. @throws OUTPUT_UNWRITABLE; a reader that has gone is not an error */
  flush: () => Promise<void>;
}

/** Codes of systems for a reader that has gone. */
const READER_IS_GONE: readonly (string | undefined)[] = ['EPIPE', 'EOF', 'ECONNRESET'];

/** Listens until the process ends: an error without a listener would end it with a stack. */
export const watchOutputs = ({ stdout, stderr }: Pick<Process, 'stdout' | 'stderr'>): OutputStreams => {
  const controller = new AbortController();
  let failure: RefineError | null = null;
  const onError = (error: unknown): void => {
    if (READER_IS_GONE.includes(systemCodeOf(error))) {
      controller.abort(
        new RefineError('CANCELLED', 'Stopped: the reader of the output has gone; finished work is kept.'),
      );
      return;
    }
    const message = `Cannot write the results: ${messageOf(error)}. Free space where the output goes, then run again; batch and generate continue with --resume.`;
    failure ??= new RefineError('OUTPUT_UNWRITABLE', message, { cause: error });
    controller.abort(failure);
  };
  for (const stream of [stdout, stderr]) stream.on('error', onError);
  const drain = (stream: NodeJS.WritableStream): Promise<void> =>
    new Promise((resolve) => {
      stream.write('', () => {
        resolve();
      });
    });
  return {
    broken: controller.signal,
    flush: async () => {
      await Promise.all([stdout, stderr].map(drain));
      if (failure !== null) throw failure;
    },
  };
};
