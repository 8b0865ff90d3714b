/**
 * Feeds a queue: cuts rows into chunks, writes them to the store and their jobs to the queue, and keeps a window of them waiting. It can
 * be killed anywhere: a chunk is written before its job, its job before the cursor, and each of the three may be written again.
 */
import { createHash, type Hash } from 'node:crypto';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import { countSteps } from '../manifest/rows/count-steps.js';
import { jobAgain, type Broker, type ChunkJob } from './broker/broker.js';
import { encodeChunk, readChunk, rowLine, type ChunkHead } from './chunk-file.js';
import type { ChunkRow } from './chunk-row.js';
import { isFull, stepSeconds } from './chunk-size.js';
import { createRecentJobs } from './recent-jobs.js';
import { readCursor, writeCursor, writeEnd, type Cursor, type End, type RunFile } from './run-file.js';
import { chunkName, resultsName } from './store-names.js';

export interface FeedOptions {
  run: RunFile;
  /** Of this program. */
  version: string;
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
  /** How long the broker may lose a job after it was added; default: as for Redis. */
  unsureMs?: number;
  signal: AbortSignal;
  report: (state: Pick<Cursor, 'chunks' | 'rows'> & { waiting: number }) => void;
}

/** Chunks added between two looks at the queue. */
const MOST_AT_ONCE = 50;
const LOOK_MS = 1000;
const CURSOR_MS = 2000;
const MEASURE_MS = 10_000;
/** Rows read at a stretch: a chunk is written meanwhile, in a dozen steps, each of which waits for the end of the stretch. */
const ROWS_AT_A_STRETCH = 8;
/** Finished chunks that the cost is measured by. */
const MEASURED = 20;

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
  const recent = createRecentJobs(broker, options.unsureMs);
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

interface Cutter {
  /** Writes the next chunk. @returns null after the last */
  next(secondsOfStep: number): Promise<ChunkJob | null>;
  cursor(): Omit<Cursor, 'sure'>;
}

/** Goes on where the store's cursor stands, or with chunks that were written after it. */
const openCutter = async (source: RowSource, cursor: Cursor, options: FeedOptions): Promise<Cutter> => {
  const { run, store, storePlace, chunkRows, signal } = options;
  const hash = createHash('sha256');
  await skip(source, hash, cursor, options);
  let { chunks, rows: first } = cursor;

  const cut = async (secondsOfStep: number): Promise<CutRow[]> => {
    const cutRows: CutRow[] = [];
    const size = { rows: 0, steps: 0, bytes: 0 };
    while (!isFull(size, chunkRows, secondsOfStep)) {
      const row = await source.next();
      if (row === null) break;
      cutRows.push(row);
      size.rows++;
      size.steps += row.steps;
      size.bytes += Buffer.byteLength(row.line);
      if (size.rows % ROWS_AT_A_STRETCH === 0) await turn();
    }
    return cutRows;
  };
  /** Another `enqueue` wrote it, perhaps this one before it was killed: its length counts. */
  const adopt = async ({ chunk }: ChunkHead, cutRows: readonly CutRow[]): Promise<CutRow[]> => {
    const { head, rows } = await readChunk(store, chunk, signal);
    if (head.run !== run.id) throw otherChunk(store, run, head);
    source.putBack(cutRows);
    const taken: CutRow[] = [];
    for (const expected of rows) {
      const row = await source.next();
      if (row?.line !== rowLine(expected)) throw rowsChanged(options);
      taken.push(row);
    }
    return taken;
  };
  /** Rows of the next chunk, unless the store has one already. */
  let ahead: CutRow[] | null = null;
  return {
    next: async (secondsOfStep) => {
      let cutRows = ahead ?? (await cut(secondsOfStep));
      ahead = null;
      if (cutRows.length === 0) return null;
      const head = { run: run.id, chunk: chunks, first, rows: cutRows.length, steps: stepsOf(cutRows) };
      const lines = cutRows.map(({ line }) => line);
      const writing = store.writeNew(chunkName(chunks), encodeChunk(head, lines));
      ahead = await cut(secondsOfStep).finally(() => Promise.allSettled([writing]));
      if (!(await writing)) {
        source.putBack(ahead);
        ahead = null;
        cutRows = await adopt(head, cutRows);
      }
      for (const { line } of cutRows) hash.update(line);
      chunks++;
      first += cutRows.length;
      const { length: rows } = cutRows;
      return { run: run.id, store: storePlace, chunk: head.chunk, rows, steps: stepsOf(cutRows) };
    },
    cursor: () => ({ chunks, rows: first, digest: hash.copy().digest('hex') }),
  };
};

const stepsOf = (rows: readonly CutRow[]): number => rows.reduce((sum, { steps }) => sum + steps, 0);

const skip = async (source: RowSource, hash: Hash, cursor: Cursor, options: FeedOptions): Promise<void> => {
  for (let skipped = 0; skipped < cursor.rows; skipped++) {
    const row = await source.next();
    if (row === null) throw rowsChanged(options);
    hash.update(row.line);
  }
  if (cursor.rows > 0 && hash.copy().digest('hex') !== cursor.digest) throw rowsChanged(options);
};

const rowsChanged = ({ store, run, version }: FeedOptions): RefineError => {
  const [what, remedy] =
    run.version === version
      ? ['rows have changed since', 'Restore the inputs']
      : [
          `rows are others now: the inputs have changed, or version ${version} of this program reads them differently than ${run.version}, which began the run`,
          `Restore the inputs, go on with version ${run.version}`,
        ];
  return new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected the rows with which the run in ${store.shown} began, but ${what}. ${remedy}, or choose another --store for a new run.`,
    { context: { store: store.shown } },
  );
};

const otherChunk = (store: Store, run: RunFile, head: ChunkHead): RefineError =>
  new RefineError(
    'QUEUE_OTHER_RUN',
    `Expected chunks of the run ${run.id} in ${store.shown}, but ${chunkName(head.chunk)} is of the run ${head.run}. Remove what that run left there, or choose another --store.`,
    { context: { store: store.shown, chunk: head.chunk } },
  );

/** A row as a chunk has it. */
interface CutRow {
  line: string;
  steps: number;
}

interface RowSource {
  next(): Promise<CutRow | null>;
  putBack(rows: readonly CutRow[]): void;
  /** Ends the reading of the inputs. */
  close(): Promise<void>;
}

const createRowSource = (rows: AsyncIterable<ChunkRow>): RowSource => {
  const iterator = rows[Symbol.asyncIterator]();
  let waiting: CutRow[] = [];
  return {
    next: async () => {
      const row = waiting.shift();
      if (row !== undefined) return row;
      const next = await iterator.next();
      return next.done === true ? null : { line: rowLine(next.value), steps: countSteps(next.value) };
    },
    putBack: (returned) => {
      waiting = [...returned, ...waiting];
    },
    close: async () => {
      await iterator.return?.();
    },
  };
};
