/** A job that this process holds, over BullMQ's. */
import { isLockLost } from './broker-errors.js';
import type { ChunkReport, TakenJob } from './broker.js';
import type { BullJob } from './bullmq.js';
import { parseChunkJob, parseProgress } from './job-data.js';

/** As `BrokerConnection.call`. */
export type Call = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** @returns null for a job that is not one of ours, which fails */
export const taken = async (bullJob: BullJob, token: string, call: Call, lockMs: number): Promise<TakenJob | null> => {
  const held = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await call(work);
      return true;
    } catch (thrown) {
      if (isLockLost(thrown)) return false;
      throw thrown;
    }
  };
  const fail = (error: Error): Promise<boolean> => held(() => bullJob.moveToFailed(error, token, false));
  const job = parseChunkJob(bullJob.data);
  if (job === null) {
    await fail(new Error('this job is not of sdxl-refine enqueue'));
    return null;
  }
  return {
    id: bullJob.id ?? '',
    job,
    progress: parseProgress(bullJob.progress),
    renew: async () => (await call(() => bullJob.extendLock(token, lockMs))) > 0,
    note: async (progress) => {
      await held(() => bullJob.updateProgress(progress));
    },
    complete: (report: ChunkReport) => held(() => bullJob.moveToCompleted(report, token, false)),
    fail,
    handBack: () => held(() => bullJob.moveToWait(token)),
  };
};
