/** Checks that a chunk's store is that of its run, before anything in it is trusted. */
import { RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import type { ChunkJob } from './broker/broker.js';
import { expectRunFile, type RunFile } from './run-file.js';

/** @throws QUEUE_OTHER_RUN if the store has another run, or none; STORE_* */
export const expectRun = async ({ run, chunk }: ChunkJob, store: Store): Promise<RunFile> => {
  const there = await expectRunFile(store);
  if (there.id === run) return there;
  throw new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected the run ${run} in ${store.shown}, of which the queue gave chunk ${chunk}, found the run ${there.id}. Leave out --store to take each run's own, or give the queue of that run.`,
    { context: { store: store.shown } },
  );
};

export type KnownRuns = (job: ChunkJob, store: Store) => Promise<RunFile>;

/** As `expectRun`, but reads each store once: what a run is never changes. */
export const createKnownRuns = (): KnownRuns => {
  const known = new Map<Store, RunFile>();
  return async (job, store) => {
    const there = known.get(store);
    if (there?.id === job.run) return there;
    const run = await expectRun(job, store);
    known.set(store, run);
    return run;
  };
};
