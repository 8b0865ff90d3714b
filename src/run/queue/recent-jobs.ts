/** Jobs that were added so short a time ago that the broker may lose them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, ChunkJob } from './broker/broker.js';

const LOOK_MS = 250;

export interface RecentJobs {
  add(jobs: readonly ChunkJob[]): Promise<void>;
  /** After the broker was gone: adds what it may have lost. */
  addAgain(): Promise<void>;
  /** How many of the first chunks cannot be lost any more. @param added number of chunks whose jobs were added */
  sure(added: number): number;
  /** Waits until nothing can be lost. */
  settle(signal: AbortSignal): Promise<void>;
}

export const createRecentJobs = (broker: Broker): RecentJobs => {
  let recent: { job: ChunkJob; at: number }[] = [];
  let { returns } = broker;
  const addAgain = async (): Promise<void> => {
    while (broker.returns !== returns) {
      ({ returns } = broker);
      await broker.add(recent.map(({ job }) => job));
      recent = recent.map(({ job }) => ({ job, at: performance.now() }));
    }
  };
  const isUnsure = ({ at }: { at: number }): boolean => performance.now() - at < broker.unsureMs;
  return {
    add: async (jobs) => {
      if (jobs.length > 0) await broker.add(jobs);
      await addAgain();
      recent = [...recent.filter(isUnsure), ...jobs.map((job) => ({ job, at: performance.now() }))];
    },
    addAgain,
    sure: (added) => recent.filter(isUnsure).reduce((least, { job }) => Math.min(least, job.chunk), added),
    settle: async (signal) => {
      while (recent.some(isUnsure)) {
        signal.throwIfAborted();
        await sleep(LOOK_MS);
        /* An answer shows whether the connection still stands. */
        await broker.counts();
        await addAgain();
      }
    },
  };
};
