/** How far a run is: its chunks, and those with results. */
import type { Store } from '../../io/store/store.js';
import { readCursor, readEnd } from './run-file.js';
import { chunkOfResults, RESULTS } from './store-names.js';

export interface KnownChunks {
  chunks: number;
  /** Whether `enqueue` has ended. */
  isFinal: boolean;
}

export const knownChunks = async (store: Store): Promise<KnownChunks> => {
  const end = await readEnd(store);
  if (end !== null) return { chunks: end.chunks, isFinal: true };
  return { chunks: (await readCursor(store))?.chunks ?? 0, isFinal: false };
};

/** Chunks whose results are in the store. Memory: some bytes for each chunk. */
export const finishedChunks = async (store: Store): Promise<{ count: number; has: (chunk: number) => boolean }> => {
  const finished = new Set<number>();
  for await (const { name } of store.list(RESULTS)) {
    const chunk = chunkOfResults(name);
    if (chunk !== null) finished.add(chunk);
  }
  return { count: finished.size, has: (chunk) => finished.has(chunk) };
};
