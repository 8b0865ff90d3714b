/** A queue of chunks, whatever keeps it. Types only; `open-broker.ts` opens one. */

/** A chunk's job: some hundred bytes, so that a window of ten thousand takes some megabytes of the broker's memory. */
export interface ChunkJob {
  /** Identifier of the run. */
  run: string;
  /** The run's store, as `openStore` takes it; has no credentials. */
  store: string;
  /** 0-based. */
  chunk: number;
  rows: number;
  /** UNet steps of its rows. */
  steps: number;
}

/** What a holder of a chunk notes, for the next one if it dies. */
export interface ChunkProgress {
  /** Indices of rows in progress. */
  inFlight: readonly number[];
  /** Rows that were in progress, alone, when a holder or its engine died: how often; 0 if others were in progress too. */
  deaths: Readonly<Record<string, number>>;
}

/** What a finished chunk cost. */
export interface ChunkReport {
  rows: number;
  failed: number;
  /** UNet steps that this holder ran, and the seconds they took with all that belongs to them; 0 if it took all rows over. */
  steps: number;
  seconds: number;
}

/** A job in the hands of this process, which must renew its lock. */
export interface TakenJob {
  readonly id: string;
  readonly job: ChunkJob;
  readonly progress: ChunkProgress;
  /** False: the lock has ended, and another worker may have the chunk. */
  renew(): Promise<boolean>;
  note(progress: ChunkProgress): Promise<void>;
  /** The following return false if the lock has ended. */
  complete(report: ChunkReport): Promise<boolean>;
  fail(error: Error): Promise<boolean>;
  /** Returns it to the front of the queue. */
  handBack(): Promise<boolean>;
}

export interface QueueCounts {
  waiting: number;
  active: number;
  failed: number;
  /** Of those that the queue still remembers. */
  completed: number;
}

export interface FailedJob {
  job: ChunkJob;
  reason: string;
}

/**
 * All methods wait while the broker is gone, and reject with the reason of `lost` when it was gone for too long.
 * Every call may be repeated: jobs have fixed ids.
 */
export interface Broker {
  /** Without credentials. */
  readonly shown: string;
  /** Aborts with QUEUE_UNREACHABLE or QUEUE_DENIED. */
  readonly lost: AbortSignal;
  /** How long a job may be lost after it was added, if the broker dies; milliseconds. */
  readonly unsureMs: number;
  /** Times that the connection came back: what was added shortly before may be lost. */
  readonly returns: number;
  /** Leaves out jobs that the queue has. */
  add(jobs: readonly ChunkJob[]): Promise<void>;
  /** Forgets those of them that are completed, so that `add` does not leave them out. */
  forget(jobs: readonly ChunkJob[]): Promise<void>;
  counts(): Promise<QueueCounts>;
  /** Of the last finished chunks, at most `count`. */
  reports(count: number): Promise<ChunkReport[]>;
  failed(count: number): Promise<FailedJob[]>;
  /** Any job of the queue; null for an empty one. */
  anyJob(): Promise<ChunkJob | null>;
  /** Waits some seconds for a job; null if none came. */
  take(): Promise<TakenJob | null>;
  retryFailed(): Promise<void>;
  /** Removes waiting jobs. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Fixed for a chunk: a queue does not take it twice. Colons and pure numbers are not allowed. */
export const jobId = ({ run, chunk }: Pick<ChunkJob, 'run' | 'chunk'>): string => `${run}-${chunkNumber(chunk)}`;

/** A job of a chunk that is in the store: rows and steps are for people, and the chunk itself has them. */
export const jobAgain = (run: string, store: string, chunk: number): ChunkJob => ({
  run,
  store,
  chunk,
  rows: 0,
  steps: 0,
});

/** Nine digits, so that names are listed in the order of chunks. */
export const chunkNumber = (chunk: number): string => String(chunk).padStart(9, '0');
