/**
 * Feeds a queue: cuts rows into chunks, writes them to the store and their jobs to the queue, and keeps a window of them waiting. It can
 * be killed anywhere: a chunk is written before its job, its job before the cursor, and each of the three may be written again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { jobAgain, type Broker, type ChunkJob } from './broker/broker.js';
import type { ChunkRow } from './chunk-row.js';
import { stepSeconds } from './chunk-size.js';
import { expectSameRows, openCutter, rowsChanged, type CutOptions } from './cut-chunks.js';
import { createRecentJobs } from './recent-jobs.js';
import { createRowSource, type RowSource } from './row-source.js';
import { readCursor, readEnd, writeCursor, writeEnd, type Cursor, type End } from './run-file.js';
import { resultsName } from './store-names.js';

export interface FeedOptions extends CutOptions {
  broker: Broker;
  /** The run's rows, the same at each reading. */
  rows: AsyncIterable<ChunkRow>;
  /** Chunks that may wait in the queue. */
  window: number;
  report: (state: Pick<Cursor, 'chunks' | 'rows'> & { waiting: number }) => void;
}

/** Chunks added between two looks at the queue. */
const MOST_AT_ONCE = 50;
const LOOK_MS = 1000;
const CURSOR_MS = 2000;
const MEASURE_MS = 10_000;
/** Finished chunks that the cost is measured by. */
const MEASURED = 20;

/**
 * @returns what an earlier call put into the queue, to the end; null if none did
 * @throws QUEUE_OTHER_RUN if rows changed since
 */
export const findFed = async (
  options: Pick<FeedOptions, 'store' | 'run' | 'version' | 'rows'>,
): Promise<End | null> => {
  const end = await readEnd(options.store);
  const cursor = end === null ? null : await readCursor(options.store);
  if (cursor === null) return end;
  const source = createRowSource(options.rows);
  try {
    await expectSameRows(source, cursor, options);
  } finally {
    await source.close();
  }
  return end;
};

/** @returns what is in the queue at the end @throws QUEUE_OTHER_RUN if rows changed since an earlier call, and the errors of store and broker */
export const feed = async (options: FeedOptions): Promise<End> => {
  const source = createRowSource(options.rows);
  try {
    return await feedFrom(source, options);
  } finally {
    await source.close();
  }
};

const feedFrom = async (source: RowSource, options: FeedOptions): Promise<End> => {
  const { store, broker, window, signal, report } = options;
  const cursor = (await readCursor(store)) ?? NOTHING_YET;
  const cutter = await openCutter(source, cursor, options);
  const recent = createRecentJobs(broker);
  await recent.add(await unsureJobs(cursor, options));
  let savedAt = performance.now();
  let measure = { at: -Infinity, seconds: stepSeconds([]) };
  for (let isDone = false; !isDone;) {
    signal.throwIfAborted();
    const { waiting } = await broker.counts();
    report({ ...cutter.cursor(), waiting });
    const room = Math.min(window - waiting, MOST_AT_ONCE);
    if (room <= 0) {
      await recent.addAgain();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (performance.now() - measure.at > MEASURE_MS) {
      measure = { at: performance.now(), seconds: stepSeconds(await broker.reports(MEASURED)) };
    }
    const jobs: ChunkJob[] = [];
    while (jobs.length < room && !isDone) {
      const job = await cutter.next(measure.seconds);
      if (job === null) isDone = true;
      else jobs.push(job);
    }
    await recent.add(jobs);
    if (!isDone && performance.now() - savedAt < CURSOR_MS) continue;
    const state = cutter.cursor();
    await writeCursor(store, { ...state, sure: recent.sure(state.chunks) });
    savedAt = performance.now();
  }
  await recent.settle(signal);
  const { chunks, rows } = cutter.cursor();
  /* A manifest that became shorter since it was checked: the run would end without its last rows. */
  if (rows !== options.run.rows) throw rowsChanged(options);
  await writeEnd(store, { chunks, rows });
  return { chunks, rows };
};

const NOTHING_YET: Cursor = { chunks: 0, rows: 0, digest: '', sure: 0 };

/** If the broker died together with the `enqueue` before, it may have lost jobs that are behind the cursor. */
const unsureJobs = async (
  { chunks, sure = chunks }: Cursor,
  { run, store, storePlace }: FeedOptions,
): Promise<ChunkJob[]> => {
  const jobs: ChunkJob[] = [];
  for (let chunk = sure; chunk < chunks; chunk++) {
    if (!(await store.has(resultsName(chunk)))) jobs.push(jobAgain(run.id, storePlace, chunk));
  }
  return jobs;
};
