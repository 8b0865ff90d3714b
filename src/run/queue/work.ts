/** A worker: takes chunks from a queue, one at a time, until it is stopped or there are none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRefineError, messageOf, type ErrorCode } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import type { BatchEvent } from '../batch/events.js';
import type { Broker, ChunkJob, ChunkReport, TakenJob } from './broker/broker.js';
import { chunkFault, readChunk, type Chunk } from './chunk-file.js';
import { removeParts } from './chunk-parts.js';
import type { ChunkRow } from './chunk-row.js';
import { createKnownRuns, expectRun, type KnownRuns } from './expect-run.js';
import { holdChunk, type HeldChunk } from './held-chunk.js';
import type { RunFile } from './run-file.js';
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
  openRun: (run: RunFile, store: Store, signal: AbortSignal) => Promise<OpenRun>;
  /** Ends when no chunk has waited, or been in any worker's hands, for so long; null: never. */
  idleMs: number | null;
  /** Stops the worker: it hands its chunk back. */
  signal: AbortSignal;
  report: (event: WorkEvent) => void;
}

/** Faults of a chunk, not of this worker: the chunk goes to the failed ones, with the reason. */
const CHUNK_FAULTS: readonly ErrorCode[] = ['QUEUE_CHUNK_INVALID', 'STORE_TOO_LARGE'];
/** Consecutive chunks with an unexpected error: one is usually the chunk's fault, three are this worker's. */
const MOST_UNEXPECTED = 3;
/** A broker that is gone must not keep a stopped worker. */
const HAND_BACK_MS = 5000;

/** @returns when it was stopped or idle @throws errors of the broker, the store, the model or the device, after handing its chunk back */
export const work = async (options: WorkOptions): Promise<void> => {
  const { broker, idleMs, lockMs, signal } = options;
  const runOf = createKnownRuns();
  let unexpected = 0;
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
      const fault = await workHeld(held, runOf, options);
      unexpected = fault === null ? 0 : unexpected + 1;
      if (fault !== null && unexpected === MOST_UNEXPECTED) throw fault;
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
      const handedBack = taking.then((taken) => taken?.handBack());
      /* Time for the call that waits to come back with nothing. */
      Promise.race([handedBack, sleep(HAND_BACK_MS, null, { ref: false })]).then(
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

/** @returns the unexpected error that failed the chunk; null if there was none */
const workHeld = async (held: HeldChunk, runOf: KnownRuns, options: WorkOptions): Promise<Error | null> => {
  const { broker, signal, report } = options;
  const { job } = held.taken;
  report({ kind: 'begun', job });
  let chunkReport: ChunkReport | null;
  try {
    chunkReport = await refineChunk(held, runOf, options, AbortSignal.any([signal, held.lost, broker.lost]));
  } catch (thrown) {
    if (broker.lost.aborted) throw broker.lost.reason;
    if (held.lost.aborted) {
      report({ kind: 'lost', job });
      return null;
    }
    const isExpected = isRefineError(thrown) && thrown.code !== 'INTERNAL';
    if (!signal.aborted && (!isExpected || CHUNK_FAULTS.includes(thrown.code))) {
      const reason = isExpected ? messageOf(thrown) : `Expected no such error: ${messageOf(thrown)}`;
      await held.taken.fail(new Error(`${reason} [${isExpected ? thrown.code : 'INTERNAL'}]`));
      report({ kind: 'failed', job, reason });
      return isExpected ? null : (thrown as Error);
    }
    const handingBack = held.clear().then(() => held.taken.handBack());
    handingBack.catch(() => undefined);
    await Promise.race([handingBack, sleep(HAND_BACK_MS, null, { ref: false })]).catch(() => undefined);
    report({ kind: 'returned', job });
    if (!signal.aborted) throw thrown;
    return null;
  }
  await held.taken.complete(chunkReport ?? { rows: job.rows, failed: 0, steps: 0, seconds: 0 });
  report({ kind: 'finished', job, report: chunkReport });
  return null;
};

/** @returns null if its results are there already */
const refineChunk = async (
  held: HeldChunk,
  runOf: KnownRuns,
  { openStore, openRun, report }: WorkOptions,
  signal: AbortSignal,
): Promise<ChunkReport | null> => {
  const { job } = held.taken;
  const store = await openStore(job);
  const run = await runOf(job, store);
  if (await store.has(resultsName(job.chunk))) {
    /* Their writer may have died before it could. */
    await removeParts(store, job.chunk);
    return null;
  }
  const chunk = await readChunkOf(job, run, store, signal);
  const opened = await openRun(run, store, signal);
  return workChunk(held, chunk, opened, {
    signal,
    report: (event) => {
      report({ kind: 'batch', event });
    },
  });
};

const readChunkOf = async (job: ChunkJob, { kind }: RunFile, store: Store, signal: AbortSignal): Promise<Chunk> => {
  const chunk = await readChunk(store, job.chunk, signal).catch(async (thrown: unknown) => {
    if (!isRefineError(thrown) || thrown.code !== 'STORE_MISSING') throw thrown;
    /* A store that is gone from this machine, such as a folder that is no longer mounted, has no chunks: that is not their fault. */
    await expectRun(job, store);
    throw chunkFault(store, job.chunk, 'is missing');
  });
  const { run } = chunk.head;
  if (run !== job.run) throw chunkFault(store, job.chunk, `is of the run ${run}, not of ${job.run}`);
  const isOther = (row: ChunkRow): boolean =>
    !('error' in row) && (row.generation === undefined) === (kind === 'generate');
  if (chunk.rows.some(isOther)) throw chunkFault(store, job.chunk, 'has rows of another command than its run');
  return chunk;
};
