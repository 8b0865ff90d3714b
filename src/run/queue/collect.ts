/** Streams the results of a run's chunks in the order of its rows, while it runs or afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { listSome, RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import { readCursor, readEnd, type RunFile } from './run-file.js';
import { chunkOfResults, resultsName } from './store-names.js';

export interface CollectOptions {
  store: Store;
  run: RunFile;
  /** Waits for chunks that are not finished. */
  follows: boolean;
  /** Leaves out what is not there, instead of an error. */
  allowsHoles: boolean;
  signal: AbortSignal;
}

const LOOK_MS = 1000;
const NAMED = 5;

/**
 * @returns bytes of whole chunks, one after the other
 * @throws QUEUE_INCOMPLETE if chunks have no results and it neither follows nor allows holes
 */
export async function* collect(options: CollectOptions): AsyncGenerator<Uint8Array> {
  const { store, follows, allowsHoles, signal } = options;
  if (!follows && !allowsHoles) await expectWhole(options);
  for (let chunk = 0; ; chunk++) {
    while ((await store.stat(resultsName(chunk))) === null) {
      signal.throwIfAborted();
      const end = await chunksOf(store);
      if (end.isFinal && chunk >= end.chunks) return;
      if (!follows) {
        if (chunk >= end.chunks) return;
        chunk++;
        continue;
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    signal.throwIfAborted();
    yield* store.stream(resultsName(chunk), { signal });
  }
}

interface KnownChunks {
  chunks: number;
  /** Whether `enqueue` has ended. */
  isFinal: boolean;
}

export const chunksOf = async (store: Store): Promise<KnownChunks> => {
  const end = await readEnd(store);
  if (end !== null) return { chunks: end.chunks, isFinal: true };
  return { chunks: (await readCursor(store))?.chunks ?? 0, isFinal: false };
};

/** Chunks whose results are in the store. Memory: some bytes for each chunk. */
export const finishedChunks = async (store: Store): Promise<{ count: number; has: (chunk: number) => boolean }> => {
  const finished = new Set<number>();
  for await (const { name } of store.list('results/')) {
    const chunk = chunkOfResults(name);
    if (chunk !== null) finished.add(chunk);
  }
  return { count: finished.size, has: (chunk) => finished.has(chunk) };
};

const expectWhole = async ({ store, run }: CollectOptions): Promise<void> => {
  const { chunks, isFinal } = await chunksOf(store);
  const finished = await finishedChunks(store);
  const holes: number[] = [];
  let count = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (finished.has(chunk)) continue;
    if (count++ < NAMED) holes.push(chunk);
  }
  if (isFinal && count === 0) return;
  const what =
    count === 0
      ? `not all of the ${run.rows} rows are in the queue yet`
      : `${count} of ${chunks} chunks have no results: ${listSome(holes.map(String), NAMED, count)}`;
  throw new RefineError(
    'QUEUE_INCOMPLETE',
    `Expected all results of the run in ${store.shown}, but ${what}. Wait with --follow, take what is there with --allow-holes, or look at sdxl-refine queue status.`,
    { context: { store: store.shown, chunks, missing: count } },
  );
};
