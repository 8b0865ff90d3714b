/** Streams the results of a run's chunks in the order of its rows, while it runs or afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { listSome, RefineError } from '../../errors.js';
import type { Store } from '../../io/store/store.js';
import { finishedChunks, knownChunks } from './run-progress.js';
import type { RunFile } from './run-file.js';
import { resultsName } from './store-names.js';

export interface CollectOptions {
  store: Store;
  run: RunFile;
  /** Waits for chunks that are not finished. */
  follows: boolean;
  /** Leaves out what is not there, instead of an error. */
  allowsHoles: boolean;
  signal: AbortSignal;
  /** Called when it has waited long for a chunk, and again after twice the time: the chunk may have failed, or be lost. */
  onWait?: (chunk: number, ms: number) => void;
  /** Called before a chunk's bytes. */
  onChunk?: (chunk: number) => void;
  /** Milliseconds between two looks for a chunk. */
  lookMs?: number;
  /** Milliseconds of waiting before the first `onWait`. */
  patienceMs?: number;
}

const LOOK_MS = 1000;
const PATIENCE_MS = 60_000;
const NAMED = 5;
const NEWLINE = 10;

/**
 * @returns bytes of whole chunks, one after the other, each with a newline at its end
 * @throws QUEUE_INCOMPLETE if chunks have no results and it neither follows nor allows holes
 */
export async function* collect(options: CollectOptions): AsyncGenerator<Uint8Array> {
  const { store, follows, allowsHoles, signal, lookMs = LOOK_MS, patienceMs = PATIENCE_MS } = options;
  if (!follows && !allowsHoles) await expectWhole(options);
  for (let chunk = 0; ; chunk++) {
    const since = performance.now();
    let patience = patienceMs;
    while (!(await store.has(resultsName(chunk)))) {
      signal.throwIfAborted();
      const end = await knownChunks(store);
      if (end.isFinal && chunk >= end.chunks) return;
      if (!follows) {
        if (chunk >= end.chunks) return;
        chunk++;
        continue;
      }
      const waited = performance.now() - since;
      if (waited >= patience && chunk < end.chunks) {
        options.onWait?.(chunk, waited);
        patience = 2 * waited;
      }
      await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    }
    signal.throwIfAborted();
    options.onChunk?.(chunk);
    let last: number | undefined = NEWLINE;
    for await (const bytes of store.stream(resultsName(chunk), { signal })) {
      yield bytes;
      last = bytes.at(-1) ?? last;
    }
    /* Its last line is cut. The next chunk's first must not be lost with it. */
    if (last !== NEWLINE) yield Buffer.from('\n');
  }
}

const expectWhole = async ({ store, run }: CollectOptions): Promise<void> => {
  const { chunks, isFinal } = await knownChunks(store);
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
