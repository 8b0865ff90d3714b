/**
 * Feeds a queue: cuts rows into chunks, writes them to the store and their jobs to the queue, and keeps a window of them waiting. It can
 * be killed anywhere: a chunk is written before its job, its job before the cursor, and each of the three may be written again.
 */
import { createHash, type Hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import { countSteps } from '../manifest/rows/count-steps.js';
import type { Broker, ChunkJob } from './broker/broker.js';
import { encodeChunk, readChunk, rowLine, type ChunkHead, type ChunkRow } from './chunk-file.js';
import { isFull, stepSeconds } from './chunk-size.js';
import { readCursor, writeCursor, writeEnd, type Cursor, type End, type RunFile } from './run-file.js';
import { chunkName } from './store-names.js';

export interface FeedOptions {
  run: RunFile;
  store: Store;
  /** As workers are to open it. */
  storePlace: string;
  broker: Broker;
  /** The run's rows, the same at each reading. */
  rows: AsyncIterable<ChunkRow>;
  /** Of `--chunk-rows`; null: by cost. */
  chunkRows: number | null;
  /** Chunks that may wait in the queue. */
  window: number;
  signal: AbortSignal;
  report: (state: Cursor & { waiting: number }) => void;
}

/** Chunks added between two looks at the queue. */
const MOST_AT_ONCE = 50;
const LOOK_MS = 1000;
const CURSOR_MS = 2000;
const MEASURE_MS = 10_000;
/** Finished chunks that the cost is measured by. */
const MEASURED = 20;
/** A broker that syncs once a second (Redis' appendfsync everysec) may lose what was added so long before it died. */
const UNSURE_MS = 3000;

/** @returns what is in the queue at the end @throws QUEUE_OTHER_RUN if rows changed since an earlier call, and the errors of store and broker */
export const feed = async (options: FeedOptions): Promise<End> => {
  const { store, broker, window, signal, report } = options;
  const cutter = await openCutter(options);
  const recent = createRecent(broker);
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
    await writeCursor(store, cutter.cursor());
    savedAt = performance.now();
  }
  await recent.settle(signal);
  const { chunks, rows } = cutter.cursor();
  await writeEnd(store, { chunks, rows });
  return { chunks, rows };
};

interface Cutter {
  /** Writes the next chunk. @returns null after the last */
  next(secondsOfStep: number): Promise<ChunkJob | null>;
  cursor(): Cursor;
}

/** Goes on where the store's cursor stands, or with chunks that were written after it. */
const openCutter = async ({ run, store, storePlace, rows, chunkRows, signal }: FeedOptions): Promise<Cutter> => {
  const cursor = (await readCursor(store)) ?? { chunks: 0, rows: 0, digest: '' };
  const hash = createHash('sha256');
  const source = createRowSource(rows);
  await skip(source, hash, cursor, store);
  let { chunks, rows: first } = cursor;

  const cut = async (secondsOfStep: number): Promise<ChunkRow[]> => {
    const cutRows: ChunkRow[] = [];
    const size = { rows: 0, steps: 0, bytes: 0 };
    while (!isFull(size, chunkRows, secondsOfStep)) {
      const row = await source.next();
      if (row === null) break;
      cutRows.push(row);
      size.rows++;
      size.steps += countSteps(row);
      size.bytes += sizeOf(row);
    }
    return cutRows;
  };
  /** Another `enqueue` wrote it, perhaps this one before it was killed: its length counts. */
  const adopt = async (head: ChunkHead, cutRows: readonly ChunkRow[]): Promise<ChunkRow[]> => {
    const written = await readChunk(store, head.chunk, signal);
    source.putBack(cutRows);
    const taken: ChunkRow[] = [];
    while (taken.length < written.rows.length) {
      const row = await source.next();
      const expected = written.rows[taken.length];
      if (row === null || expected === undefined || rowLine(row) !== rowLine(expected)) throw rowsChanged(store);
      taken.push(row);
    }
    return taken;
  };
  return {
    next: async (secondsOfStep) => {
      let cutRows = await cut(secondsOfStep);
      if (cutRows.length === 0) return null;
      const steps = cutRows.reduce((sum, row) => sum + countSteps(row), 0);
      const head = { run: run.id, chunk: chunks, first, rows: cutRows.length, steps };
      let lines = cutRows.map(rowLine);
      if (!(await store.writeNew(chunkName(chunks), encodeChunk(head, lines)))) {
        cutRows = await adopt(head, cutRows);
        lines = cutRows.map(rowLine);
      }
      for (const line of lines) hash.update(line);
      chunks++;
      first += cutRows.length;
      const stepsOfChunk = cutRows.reduce((sum, row) => sum + countSteps(row), 0);
      return { run: run.id, store: storePlace, chunk: head.chunk, rows: cutRows.length, steps: stepsOfChunk };
    },
    cursor: () => ({ chunks, rows: first, digest: hash.copy().digest('hex') }),
  };
};

const skip = async (source: RowSource, hash: Hash, cursor: Cursor, store: Store): Promise<void> => {
  for (let skipped = 0; skipped < cursor.rows; skipped++) {
    const row = await source.next();
    if (row === null) throw rowsChanged(store);
    hash.update(rowLine(row));
  }
  if (cursor.rows > 0 && hash.copy().digest('hex') !== cursor.digest) throw rowsChanged(store);
};

const rowsChanged = (store: Store): RefineError =>
  new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected the rows with which the run in ${store.shown} began, but rows have changed since. Restore the inputs, or choose another --store for a new run.`,
    { context: { store: store.shown } },
  );

/** Bytes that matter: of pictures inside rows. */
const sizeOf = ({ source }: ChunkRow): number =>
  1000 + (source !== undefined && source.kind === 'inline' ? source.text.length : 0);

interface RowSource {
  next(): Promise<ChunkRow | null>;
  putBack(rows: readonly ChunkRow[]): void;
}

const createRowSource = (rows: AsyncIterable<ChunkRow>): RowSource => {
  const iterator = rows[Symbol.asyncIterator]();
  let waiting: ChunkRow[] = [];
  return {
    next: async () => {
      const row = waiting.shift();
      if (row !== undefined) return row;
      const next = await iterator.next();
      return next.done === true ? null : next.value;
    },
    putBack: (returned) => {
      waiting = [...returned, ...waiting];
    },
  };
};

interface RecentJobs {
  add(jobs: readonly ChunkJob[]): Promise<void>;
  /** After the broker was gone: adds what it may have lost. */
  addAgain(): Promise<void>;
  /** Waits until nothing can be lost. */
  settle(signal: AbortSignal): Promise<void>;
}

const createRecent = (broker: Broker): RecentJobs => {
  let recent: { job: ChunkJob; at: number }[] = [];
  let { returns } = broker;
  const addAgain = async (): Promise<void> => {
    while (broker.returns !== returns) {
      ({ returns } = broker);
      await broker.add(recent.map(({ job }) => job));
      recent = recent.map(({ job }) => ({ job, at: performance.now() }));
    }
  };
  const isUnsure = ({ at }: { at: number }): boolean => performance.now() - at < UNSURE_MS;
  return {
    add: async (jobs) => {
      if (jobs.length > 0) await broker.add(jobs);
      await addAgain();
      recent = [...recent.filter(isUnsure), ...jobs.map((job) => ({ job, at: performance.now() }))];
    },
    addAgain,
    settle: async (signal) => {
      while (recent.some(isUnsure)) {
        signal.throwIfAborted();
        await sleep(LOOK_MS / 4);
        /* An answer shows whether the connection still stands. */
        await broker.counts();
        await addAgain();
      }
    },
  };
};
