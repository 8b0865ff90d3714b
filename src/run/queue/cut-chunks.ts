/** Cuts a run's rows into chunks and writes them, or finds them written. */
import { createHash, type Hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import type { ChunkJob } from './broker/broker.js';
import { encodeChunk, readChunk, rowLine, type ChunkHead } from './chunk-file.js';
import { isFull } from './chunk-size.js';
import type { CutRow, RowSource } from './row-source.js';
import type { Cursor, RunFile } from './run-file.js';
import { chunkName } from './store-names.js';

/** Rows read at a stretch: a chunk is written meanwhile, in a dozen steps, each of which waits for the end of the stretch. */
const ROWS_AT_A_STRETCH = 8;

export interface CutOptions {
  run: RunFile;
  /** Of this program. */
  version: string;
  store: Store;
  /** As workers are to open it. */
  storePlace: string;
  /** Of `--chunk-rows`; null: by cost. */
  chunkRows: number | null;
  signal: AbortSignal;
}

export interface Cutter {
  /** Writes the next chunk. @returns null after the last */
  next(secondsOfStep: number): Promise<ChunkJob | null>;
  cursor(): Omit<Cursor, 'sure'>;
}

/** Goes on where the store's cursor stands, or with chunks that were written after it. */
export const openCutter = async (source: RowSource, cursor: Cursor, options: CutOptions): Promise<Cutter> => {
  const { run, store, storePlace, chunkRows, signal } = options;
  const hash = createHash('sha256');
  await expectSameRows(source, cursor, options, hash);
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
      try {
        ahead = await cut(secondsOfStep);
      } finally {
        await Promise.allSettled([writing]);
      }
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

/** Reads the rows that an earlier call has cut. @throws QUEUE_OTHER_RUN if they are others now */
export const expectSameRows = async (
  source: RowSource,
  cursor: Cursor,
  options: Pick<CutOptions, 'run' | 'version' | 'store'>,
  hash: Hash = createHash('sha256'),
): Promise<void> => {
  for (let skipped = 0; skipped < cursor.rows; skipped++) {
    const row = await source.next();
    if (row === null) throw rowsChanged(options);
    hash.update(row.line);
  }
  if (cursor.rows > 0 && hash.copy().digest('hex') !== cursor.digest) throw rowsChanged(options);
};

export const rowsChanged = ({ store, run, version }: Pick<CutOptions, 'run' | 'version' | 'store'>): RefineError => {
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
