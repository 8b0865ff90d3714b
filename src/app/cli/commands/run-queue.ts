/** Runs `queue status`, `queue retry` and `queue drain`. */
import { openStore } from '../../../io/store/open-store.js';
import type { Broker } from '../../../run/queue/broker/broker.js';
import { addMissing } from '../../../run/queue/add-missing.js';
import { finishedChunks, knownChunks } from '../../../run/queue/run-progress.js';
import { readRunFile } from '../../../run/queue/run-file.js';
import { openQueue, storePlace } from '../options/open-queue.js';
import { count } from '../progress/summary-text.js';
import type { ProcessContext } from '../process-context.js';
import type { QueueCommandFlags } from '../options/queue-flags.js';

/** Failed chunks that are named. */
const NAMED = 10;

/** @throws USAGE_* QUEUE_* STORE_* */
export const runQueueCommand = async (
  name: 'status' | 'retry' | 'drain',
  flags: QueueCommandFlags,
  context: ProcessContext,
): Promise<void> => {
  const broker = await openQueue(flags);
  try {
    const place = flags.store === undefined ? await placeOfJobs(broker) : storePlace(flags.store, context);
    if (name === 'status') await showStatus(broker, place, flags, context);
    else if (name === 'retry') await retry(broker, place, context);
    else {
      const { waiting } = await broker.counts();
      await broker.drain();
      context.stderr.write(
        `${count(waiting, 'waiting chunk')} removed; sdxl-refine queue retry --store puts them back\n`,
      );
    }
  } finally {
    await broker.close();
  }
};

const placeOfJobs = async (broker: Broker): Promise<string | null> => (await broker.anyJob())?.store ?? null;

const showStatus = async (
  broker: Broker,
  place: string | null,
  { json }: QueueCommandFlags,
  { stdout }: ProcessContext,
): Promise<void> => {
  const counts = await broker.counts();
  const failed = await broker.failed(NAMED);
  const store = place === null ? null : await openStore(place);
  const run = store === null ? null : await readRunFile(store);
  const progress =
    store === null || run === null ? null : { known: await knownChunks(store), finished: await finishedChunks(store) };
  if (json === true) {
    const ofRun =
      run === null || progress === null
        ? null
        : {
            id: run.id,
            store: store?.shown,
            rows: run.rows,
            chunks: progress.known.chunks,
            finished: progress.finished.count,
            is_enqueued: progress.known.isFinal,
          };
    const failures = failed.map(({ job: { chunk }, reason }) => ({ chunk, reason }));
    const { waiting, active } = counts;
    stdout.write(
      `${JSON.stringify({ queue: broker.shown, waiting, active, failed: counts.failed, run: ofRun, failures })}\n`,
    );
    return;
  }
  stdout.write(`${broker.shown}: ${counts.waiting} waiting, ${counts.active} active, ${counts.failed} failed\n`);
  if (run !== null && progress !== null) {
    const chunks = count(progress.known.chunks, 'chunk');
    const of = progress.known.isFinal ? chunks : `${chunks} so far`;
    stdout.write(
      `run ${run.id}, ${count(run.rows, 'row')}: ${progress.finished.count} of ${of} finished (${store?.shown ?? ''})\n`,
    );
  }
  for (const { job, reason } of failed) stdout.write(`chunk ${job.chunk} of ${job.run} failed: ${reason}\n`);
};

const retry = async (broker: Broker, place: string | null, { stderr }: ProcessContext): Promise<void> => {
  const { failed } = await broker.counts();
  await broker.retryFailed();
  stderr.write(`${count(failed, 'failed chunk')} put back to wait\n`);
  if (place === null) return;
  const added = await addMissing(broker, place, await openStore(place));
  /* Those of them that wait already, as after the line above, are there once. */
  if (added > 0) stderr.write(`${count(added, 'chunk')} without results ${added === 1 ? 'is' : 'are'} in the queue\n`);
};
