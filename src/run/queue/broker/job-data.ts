/** Checks what a broker gives back: other programs may write to the same queue. Pure. */
import { z } from 'zod';
import type { ChunkJob, ChunkProgress, ChunkReport } from './broker.js';

const count = z.int().min(0);
/** Part of names in stores and queues. */
export const RUN_ID = /^r[\da-f]{12}$/;

const job = z.object({
  run: z.string().regex(RUN_ID),
  store: z.string().min(1),
  chunk: count,
  rows: count,
  steps: count,
});
const progress = z.object({ inFlight: z.array(count).max(10_000), deaths: z.record(z.string().regex(/^\d+$/), count) });
const report = z.object({ rows: count, failed: count, steps: count, seconds: z.number().min(0) });

export const NO_PROGRESS: ChunkProgress = { inFlight: [], deaths: {} };

/** null if it is no job of a chunk. */
export const parseChunkJob = (value: unknown): ChunkJob | null => job.safeParse(value).data ?? null;

/** A job that was never begun has 0. */
export const parseProgress = (value: unknown): ChunkProgress => progress.safeParse(value).data ?? NO_PROGRESS;

export const parseReport = (value: unknown): ChunkReport | null => report.safeParse(value).data ?? null;
