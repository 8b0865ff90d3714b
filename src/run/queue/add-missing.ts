/** Puts chunks back into a queue that has lost them: those of the store that have no results. */
import type { Store } from '../../io/store/store.js';
import { jobAgain, type Broker, type ChunkJob } from './broker/broker.js';
import { finishedChunks, knownChunks } from './run-progress.js';
import { expectRunFile } from './run-file.js';

const AT_ONCE = 500;

/**
 * Chunks that wait, are in a worker's hands or have failed are left as they are.
 * @param place of the store, for workers
 * @returns chunks without results
 * @throws QUEUE_OTHER_RUN if the store has no run, STORE_*, and the broker's errors
 */
export const addMissing = async (broker: Broker, place: string, store: Store): Promise<number> => {
  const { id: run } = await expectRunFile(store);
  const { chunks } = await knownChunks(store);
  const finished = await finishedChunks(store);
  let jobs: ChunkJob[] = [];
  let added = 0;
  const add = async (): Promise<void> => {
    /* A completed chunk whose results are gone. */
    await broker.forget(jobs);
    await broker.add(jobs);
    jobs = [];
  };
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (finished.has(chunk)) continue;
    jobs.push(jobAgain(run, place, chunk));
    added++;
    if (jobs.length === AT_ONCE) await add();
  }
  if (jobs.length > 0) await add();
  return added;
};
