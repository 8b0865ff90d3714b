/** How BullMQ is to connect, wait and lock, for each kind of broker. */
import type { BullModule } from './bullmq.js';
import type { QueuePlace } from './queue-uri.js';

export interface BrokerOptions {
  /** The queue's name in the broker. */
  name: string;
  /** A holder that is silent for longer loses its chunk. */
  lockMs: number;
  /** How long the broker may be gone. */
  patienceMs: number;
  /** For a worker that ends when it is idle for so long: it looks at least so often. */
  idleMs?: number | null;
}

/** A call of `take` waits so long for a job, or as long as the worker may be idle. */
const TAKE_SECONDS = 2;
const LEAST_TAKE_SECONDS = 0.2;
/** Stalled jobs go back to the queue, whatever their number of stalls: rows, not chunks, are given up. */
const ANY_NUMBER = 1_000_000;

export interface Settings {
  queue: object;
  worker: object;
  backend: unknown;
}

export const settingsOf = (
  { kind, uri }: QueuePlace,
  bull: BullModule,
  { lockMs, idleMs }: BrokerOptions,
): Settings => {
  const idleSeconds = idleMs == null ? Infinity : idleMs / 1000;
  const worker = {
    autorun: false,
    drainDelay: Math.min(TAKE_SECONDS, Math.max(LEAST_TAKE_SECONDS, idleSeconds)),
    lockDuration: lockMs,
    stalledInterval: lockMs / 2,
    maxStalledCount: ANY_NUMBER,
  };
  if (kind === 'postgres') {
    const connection = { connectionString: uri, migrate: true, max: 4, connectionTimeoutMillis: 10_000 };
    return { queue: { connection }, worker: { connection, ...worker }, backend: bull.createPostgresBackend };
  }
  const connection = {
    url: uri,
    /* Commands wait for the connection; `BrokerConnection` knows for how long. */
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
    retryStrategy: (times: number) => Math.min(100 * 2 ** times, 2000),
  };
  return { queue: { connection }, worker: { connection, ...worker }, backend: undefined };
};
