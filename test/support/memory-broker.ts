/** A queue in memory, for what happens around a broker. Real ones are in `brokers.ts`. */
import { NO_PROGRESS } from '#src/run/queue/broker/job-data.js';
import { jobId, type Broker, type ChunkJob, type TakenJob } from '#src/run/queue/broker/broker.js';

export interface MemoryBroker extends Broker {
  waiting: ChunkJob[];
  /** As the jobs ended. */
  done: ChunkJob[];
  failures: { job: ChunkJob; reason: string }[];
}

export const memoryBroker = (unsureMs = 1): MemoryBroker => {
  const waiting: ChunkJob[] = [];
  const done: ChunkJob[] = [];
  const failures: MemoryBroker['failures'] = [];
  const yes = (after: () => unknown): Promise<boolean> => {
    after();
    return Promise.resolve(true);
  };
  const take = (): TakenJob | null => {
    const job = waiting.shift();
    if (job === undefined) return null;
    return {
      id: jobId(job),
      job,
      progress: NO_PROGRESS,
      renew: () => Promise.resolve(true),
      note: () => Promise.resolve(),
      complete: () => yes(() => done.push(job)),
      fail: ({ message: reason }) => yes(() => failures.push({ job, reason })),
      handBack: () => yes(() => waiting.unshift(job)),
    };
  };
  return {
    ...{ waiting, done, failures },
    shown: 'memory',
    unsureMs,
    lost: new AbortController().signal,
    returns: 0,
    add: (jobs) => {
      const known = new Set([...waiting, ...done].map(jobId));
      waiting.push(...jobs.filter((job) => !known.has(jobId(job))));
      return Promise.resolve();
    },
    forget: (jobs) => {
      const ids = new Set(jobs.map(jobId));
      done.splice(0, Infinity, ...done.filter((job) => !ids.has(jobId(job))));
      return Promise.resolve();
    },
    counts: () =>
      Promise.resolve({ waiting: waiting.length, active: 0, failed: failures.length, completed: done.length }),
    reports: () => Promise.resolve([]),
    failed: () => Promise.resolve(failures),
    anyJob: () => Promise.resolve(waiting[0] ?? null),
    take: () => Promise.resolve(take()),
    retryFailed: () => Promise.resolve(),
    drain: () => Promise.resolve(void waiting.splice(0)),
    close: () => Promise.resolve(),
  };
};
