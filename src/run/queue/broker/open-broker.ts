/** A queue on BullMQ: on Redis or Valkey, or on PostgreSQL through the same interface. */
import { randomUUID } from 'node:crypto';
import { isTransient } from './broker-errors.js';
import { jobId, type Broker } from './broker.js';
import { loadBullMq, type BullJob, type BullModule, type BullQueue, type BullWorker, type JobState } from './bullmq.js';
import { BrokerConnection } from './connection.js';
import { parseChunkJob, parseReport } from './job-data.js';
import { settingsOf, type BrokerOptions, type Settings } from './broker-settings.js';
import { parseQueueUri, type QueuePlace } from './queue-uri.js';
import { taken, type Call } from './taken-job.js';

/** Finished jobs that the queue remembers, for the measured cost. */
const REMEMBERED = 1000;
const FIRST_PATIENCE_MS = 10_000;
/** Redis may sync its file once a second (appendfsync everysec); PostgreSQL syncs before it answers. */
const UNSURE_MS = { redis: 3000, postgres: 0 } as const satisfies Record<QueuePlace['kind'], number>;
const CLOSE_MS = 2000;
const WAITING: JobState[] = ['waiting', 'paused', 'prioritized', 'delayed'];

/** @throws QUEUE_URI_INVALID, QUEUE_LIBRARY_MISSING, QUEUE_UNREACHABLE, QUEUE_DENIED */
export const openBroker = async (uri: string, options: BrokerOptions): Promise<Broker> => {
  const place = parseQueueUri(uri);
  const bull = await loadBullMq(place.kind);
  const connection = new BrokerConnection(
    place.shown,
    options.patienceMs,
    Math.min(FIRST_PATIENCE_MS, options.patienceMs),
  );
  const settings = settingsOf(place, bull, options);
  try {
    const queue = await reach(connection, () => new bull.Queue(options.name, settings.queue, settings.backend));
    return createBroker({ place, bull, connection, queue, options, settings });
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
};

/** A connection that failed at its first try is made anew: the library remembers the failure. */
const reach = <Kind extends BullQueue | BullWorker>(connection: BrokerConnection, make: () => Kind): Promise<Kind> =>
  connection.call(async () => {
    const made = make();
    made.on('error', connection.onError);
    /* A broker that is back at once causes no error, but may have lost its last second. */
    made.on('ioredis:close', () => {
      connection.onError(new Error('connection ended'));
    });
    try {
      await connection.orLost(made.waitUntilReady());
      return made;
    } catch (thrown) {
      made.close(true).catch(() => undefined);
      throw thrown;
    }
  });

interface Parts {
  place: QueuePlace;
  bull: BullModule;
  connection: BrokerConnection;
  queue: BullQueue;
  options: BrokerOptions;
  settings: Settings;
}

/** Whether all end in time, however they end. */
const settles = async (work: readonly Promise<unknown>[]): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS, false);
  });
  const settled = await Promise.race([Promise.allSettled(work).then(() => true), late]);
  clearTimeout(timer);
  return settled;
};

const createBroker = ({ place, bull, connection, queue, options, settings }: Parts): Broker => {
  const call: Call = connection.call.bind(connection);
  connection.watch(() => queue.getJobCounts('active'));
  let worker: BullWorker | undefined;
  const openWorker = async (): Promise<BullWorker> => {
    if (worker !== undefined) return worker;
    worker = await reach(connection, () => new bull.Worker(options.name, null, settings.worker, settings.backend));
    await worker.startStalledCheckTimer();
    return worker;
  };
  const jobs = async (states: JobState[], count: number): Promise<BullJob[]> =>
    (await call(() => queue.getJobs(states, 0, count - 1, false))).filter((job) => job !== undefined);
  return {
    shown: place.shown,
    unsureMs: UNSURE_MS[place.kind],
    lost: connection.lost,
    get returns() {
      return connection.returns;
    },
    add: async (added) => {
      const bulk = added.map((job) => ({
        name: 'chunk',
        data: job,
        opts: { jobId: jobId(job), removeOnComplete: { count: REMEMBERED } },
      }));
      await call(() => queue.addBulk(bulk));
    },
    forget: async (forgotten) => {
      const ids = new Set<string | undefined>(forgotten.map(jobId));
      for (const job of await jobs(['completed'], REMEMBERED)) if (ids.has(job.id)) await call(() => job.remove());
    },
    counts: async () => {
      const counts = await call(() => queue.getJobCounts(...WAITING, 'active', 'failed', 'completed'));
      const of = (state: JobState): number => counts[state] ?? 0;
      const waiting = WAITING.reduce((sum, state) => sum + of(state), 0);
      return { waiting, active: of('active'), failed: of('failed'), completed: of('completed') };
    },
    reports: async (count) =>
      (await jobs(['completed'], count))
        .map(({ returnvalue }) => parseReport(returnvalue))
        .filter((report) => report !== null),
    failed: async (count) =>
      (await jobs(['failed'], count)).flatMap(({ data, failedReason = '' }) => {
        const job = parseChunkJob(data);
        return job === null ? [] : [{ job, reason: failedReason }];
      }),
    anyJob: async () => {
      const [job] = await jobs(['active', ...WAITING, 'completed', 'failed'], 1);
      return job === undefined ? null : parseChunkJob(job.data);
    },
    take: async () => {
      const opened = await openWorker();
      const token = randomUUID();
      const next = connection.orLost(opened.getNextJob(token, { block: true }));
      const job = await next.catch((thrown: unknown) => {
        if (!isTransient(thrown)) throw connection.fault(thrown);
        connection.onError(thrown);
        return undefined;
      });
      /* A call that comes back without a job may have failed: only an answer shows that the broker is there. */
      if (job === undefined) await call(() => queue.getJobCounts('active'));
      return job === undefined ? null : await taken(job, token, call, options.lockMs);
    },
    retryFailed: () => call(() => queue.retryJobs({ state: 'failed', count: REMEMBERED })),
    drain: () => call(() => queue.drain()),
    close: async () => {
      connection.close();
      const parts = worker === undefined ? [queue] : [worker, queue];
      const isClosed = !connection.lost.aborted && (await settles(parts.map((part) => part.close(true))));
      /* What waits for a connection that is gone would keep the process alive, and so would its next try to connect. */
      if (isClosed) return;
      /* A worker's timer for lost jobs ends only with `close`. */
      await settles(parts.flatMap((part) => [part.disconnect(), part.close(true)]));
    },
  };
};
