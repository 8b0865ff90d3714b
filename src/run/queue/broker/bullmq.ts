/** Loads BullMQ, which is optional, and the part of its interface that is used here. */
import { createRequire } from 'node:module';
import { RefineError, systemCodeOf } from '../../../errors.js';
import type { QueuePlace } from './queue-uri.js';

export interface BullJob {
  readonly id?: string;
  readonly data: unknown;
  readonly progress: unknown;
  readonly returnvalue: unknown;
  readonly failedReason?: string;
  extendLock(token: string, duration: number): Promise<number>;
  updateProgress(progress: object): Promise<void>;
  moveToCompleted(value: unknown, token: string, fetchNext: boolean): Promise<unknown>;
  moveToFailed(error: Error, token: string, fetchNext: boolean): Promise<unknown>;
  moveToWait(token: string): Promise<number>;
  remove(): Promise<void>;
}

interface BullConnection {
  on(event: 'error' | 'ioredis:close', listener: (error: unknown) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
  disconnect(): Promise<void>;
}

export type JobState = 'waiting' | 'active' | 'completed' | 'failed' | 'delayed' | 'prioritized' | 'paused';

export interface BullQueue extends BullConnection {
  addBulk(jobs: readonly { name: string; data: unknown; opts: object }[]): Promise<unknown>;
  getJobCounts(...states: JobState[]): Promise<Record<string, number>>;
  getJobs(states: JobState[], start: number, end: number, isAscending: boolean): Promise<(BullJob | undefined)[]>;
  retryJobs(options: { state: 'failed'; count: number }): Promise<void>;
  drain(): Promise<void>;
}

export interface BullWorker extends BullConnection {
  getNextJob(token: string, options: { block: boolean }): Promise<BullJob | undefined>;
  startStalledCheckTimer(): Promise<void>;
}

export interface BullModule {
  Queue: new (name: string, options: object, backend?: unknown) => BullQueue;
  Worker: new (name: string, processor: null, options: object, backend?: unknown) => BullWorker;
  createPostgresBackend: unknown;
}

const DRIVERS: Readonly<Record<QueuePlace['kind'], string>> = { redis: 'ioredis', postgres: 'pg' };

/** @throws QUEUE_LIBRARY_MISSING */
export const loadBullMq = async (kind: QueuePlace['kind']): Promise<BullModule> => {
  const driver = DRIVERS[kind];
  const here = createRequire(import.meta.url);
  try {
    /* BullMQ loads its driver itself, when it connects: a missing one is found before that. */
    createRequire(here.resolve('bullmq')).resolve(driver);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'MODULE_NOT_FOUND') throw cause;
    throw new RefineError(
      'QUEUE_LIBRARY_MISSING',
      `Expected the packages bullmq and ${driver}, which --queue ${kind}:// needs, found them not installed. ` +
        `Install them beside sdxl-refine: npm install --global bullmq ${driver} (docs/queue.md).`,
      { cause },
    );
  }
  /* A variable, so that compiling does not need the package. */
  const name: string = 'bullmq';
  const { default: module } = (await import(name)) as { default: BullModule };
  return module;
};
