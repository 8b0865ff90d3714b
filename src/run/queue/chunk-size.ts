/** How many rows make a chunk: about fifteen minutes of work, by what earlier chunks took. Pure. */
import type { ChunkReport } from './broker/broker.js';
import { median } from '../engine/median.js';
import { FULL_CHUNK_BYTES, MAX_CHUNK_ROWS } from './chunk-file.js';

/** Lost at most if a worker's machine vanishes; long beside opening a model. */
const CHUNK_SECONDS = 15 * 60;
/** Of a step before any chunk has finished: between a GPU (0.04 to 0.1 s) and two cores (10 to 20 s). */
const FIRST_STEP_SECONDS = 1;

/** Seconds of a UNet step with all that belongs to it, by the median of finished chunks; the first guess if there are none. */
export const stepSeconds = (reports: readonly ChunkReport[]): number => {
  const measured = reports.filter(({ steps }) => steps > 0).map(({ seconds, steps }) => seconds / steps);
  return median(measured) ?? FIRST_STEP_SECONDS;
};

export interface ChunkSize {
  rows: number;
  steps: number;
  bytes: number;
}

/** @param fixedRows of `--chunk-rows`; null: by cost */
export const isFull = ({ rows, steps, bytes }: ChunkSize, fixedRows: number | null, secondsOfStep: number): boolean =>
  rows >= Math.min(fixedRows ?? MAX_CHUNK_ROWS, MAX_CHUNK_ROWS) ||
  bytes >= FULL_CHUNK_BYTES ||
  (fixedRows === null && steps * secondsOfStep >= CHUNK_SECONDS);
