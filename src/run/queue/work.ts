/** A worker: takes chunks from a queue, one at a time, until it is stopped or there are none. */
import { isRefineError, messageOf, RefineError, type ErrorCode } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import type { BatchEvent } from '../batch/events.js';
import type { Broker, ChunkJob, ChunkReport, TakenJob } from './broker/broker.js';
import { readChunk } from './chunk-file.js';
import { holdChunk, type HeldChunk } from './held-chunk.js';
import { resultsName } from './store-names.js';
import { workChunk, type OpenRun } from './work-chunk.js';

export type WorkEvent =
  | { kind: 'begun'; job: ChunkJob }
  /** `report` is null if another worker had finished it. */
  | { kind: 'finished'; job: ChunkJob; report: ChunkReport | null }
  /** The lock ended, or the worker stopped: the chunk is for another. */
  | { kind: 'lost' | 'returned'; job: ChunkJob }
  | { kind: 'failed'; job: ChunkJob; reason: string }
  | { kind: 'batch'; event: BatchEvent };

export interface WorkOptions {
  broker: Broker;
  /** A holder that is silent for longer loses its chunk. */
  lockMs: number;
  openStore: (job: ChunkJob) => Promise<Store>;
  /** Opens the model, unless it is the run of the chunk before. */
  openRun: (job: ChunkJob, store: Store, signal: AbortSignal) => Promise<OpenRun>;
  /** Ends when no chunk has waited, or been in any worker's hands, for so long; null: never. */
  idleMs: number | null;
  /** Stops the worker: it hands its chunk back. */
  signal: AbortSignal;
  report: (event: WorkEvent) => void;
}

/** Faults of a chunk, not of this worker: the chunk goes to the failed ones, with the reason. */
const CHUNK_FAULTS: readonly ErrorCode[] = ['QUEUE_CHUNK_INVALID', 'STORE_TOO_LARGE'];
/** A broker that is gone must not keep a stopped worker. */
const HAND_BACK_MS = 5000;

/** @returns when it was stopped or idle @throws errors of the broker, the store, the model or the device, after handing its chunk back */
export const work = async (options: WorkOptions): Promise<void> => {
  const { broker, idleMs, lockMs, signal } = options;
  let busyAt = performance.now();
  while (!signal.aborted) {
    const taken = await untilStopped(broker.take(), signal);
    if (taken === null) {
      if (idleMs === null) continue;
      /* A chunk that another worker has may come back, if that worker dies. */
      const { waiting, active } = await broker.counts();
      if (waiting + active > 0) busyAt = performance.now();
      else if (performance.now() - busyAt >= idleMs) return;
      continue;
    }
    const held = await holdChunk(taken, lockMs);
    try {
      await workHeld(held, options);
    } finally {
      held.release();
    }
    busyAt = performance.now();
  }
};

/** A job that comes after the stop goes back. */
const untilStopped = (taking: Promise<TakenJob | null>, signal: AbortSignal): Promise<TakenJob | null> =>
  new Promise((resolve, reject) => {
    const onStop = (): void => {
      taking.then((taken) => taken?.handBack()).catch(() => undefined);
      /* Time for the call that waits to come back with nothing. */
      Promise.race([taking, pause(HAND_BACK_MS)]).then(
        () => {
          resolve(null);
        },
        () => {
          resolve(null);
        },
      );
    };
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop, { once: true });
    taking
      .finally(() => {
        signal.removeEventListener('abort', onStop);
      })
      .then((taken) => {
        if (!signal.aborted) resolve(taken);
      }, reject);
  });

const pause = (ms: number): Promise<null> =>
  new Promise((resolve) => {
    setTimeout(() => {
      resolve(null);
    }, ms).unref();
  });

const workHeld = async (held: HeldChunk, options: WorkOptions): Promise<void> => {
  const { broker, signal, report } = options;
  const { job } = held.taken;
  report({ kind: 'begun', job });
  try {
    const chunkReport = await refineChunk(held, options, AbortSignal.any([signal, held.lost, broker.lost]));
    await held.taken.complete(chunkReport ?? { rows: job.rows, failed: 0, steps: 0, seconds: 0 });
    report({ kind: 'finished', job, report: chunkReport });
  } catch (thrown) {
    if (broker.lost.aborted) throw broker.lost.reason;
    if (held.lost.aborted) {
      report({ kind: 'lost', job });
      return;
    }
    if (isRefineError(thrown) && CHUNK_FAULTS.includes(thrown.code)) {
      await held.taken.fail(new Error(`${thrown.message} [${thrown.code}]`));
      report({ kind: 'failed', job, reason: thrown.message });
      return;
    }
    const handingBack = held.clear().then(() => held.taken.handBack());
    handingBack.catch(() => undefined);
    await Promise.race([handingBack, pause(HAND_BACK_MS)]).catch(() => undefined);
    report({ kind: 'returned', job });
    if (!signal.aborted) throw thrown;
  }
};

/** @returns null if its results are there already */
const refineChunk = async (
  held: HeldChunk,
  { openStore, openRun, report }: WorkOptions,
  signal: AbortSignal,
): Promise<ChunkReport | null> => {
  const { job } = held.taken;
  const store = await openStore(job);
  if ((await store.stat(resultsName(job.chunk))) !== null) return null;
  const chunk = await readChunk(store, job.chunk, signal).catch((thrown: unknown) => {
    if (!isRefineError(thrown) || thrown.code !== 'STORE_MISSING') throw thrown;
    throw new RefineError('QUEUE_CHUNK_INVALID', messageOf(thrown), { cause: thrown });
  });
  if (chunk.head.run !== job.run) {
    throw new RefineError(
      'QUEUE_CHUNK_INVALID',
      `Expected a chunk of the run ${job.run}, found one of ${chunk.head.run}.`,
    );
  }
  const run = await openRun(job, store, signal);
  return workChunk(held, chunk, run, {
    signal,
    report: (event) => {
      report({ kind: 'batch', event });
    },
  });
};
