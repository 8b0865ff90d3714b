/** A chunk in the hands of this worker: renews its lock while rows run, and notes the rows in progress for the next holder. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RefineError } from '../../errors.js';
import type { TakenJob } from './broker/broker.js';

export interface HeldChunk {
  readonly taken: TakenJob;
  /** Aborts when the lock has ended: another worker may have the chunk. */
  readonly lost: AbortSignal;
  /** Rows that ended a holder or its engine: how often while alone; 0 while others were in progress too. */
  readonly deaths: ReadonlyMap<number, number>;
  /** Notes a row before it may do harm. */
  begin(row: number): Promise<void>;
  /** The next note leaves it out. */
  end(row: number): void;
  /** Its engine died with it, while this worker lives. */
  addDeath(row: number): Promise<void>;
  /** Notes that no row is in progress. */
  clear(): Promise<void>;
  /** Stops renewing. */
  release(): void;
}

/** A note is a help for the next holder: it must not stop the rows while the broker is gone. */
const NOTE_MS = 1000;
/** Renewals in the life of a lock. */
const RENEWALS = 3;

export const holdChunk = async (taken: TakenJob, lockMs: number): Promise<HeldChunk> => {
  const lost = new AbortController();
  const inFlight = new Set<number>();
  const deaths = new Map(Object.entries(taken.progress.deaths).map(([row, count]) => [Number(row), count]));
  const { inFlight: before } = taken.progress;
  /* The holder before died: alone with a row, that was the cause; of several, any may have been. */
  for (const row of before) deaths.set(row, (deaths.get(row) ?? 0) + (before.length === 1 ? 1 : 0));

  let isRenewing = false;
  const timer = setInterval(() => {
    if (isRenewing) return;
    isRenewing = true;
    taken
      .renew()
      .then((isHeld) => {
        if (!isHeld) lost.abort(lockLost(taken));
      })
      /* The broker's own signal ends the work. */
      .catch(() => undefined)
      .finally(() => {
        isRenewing = false;
      });
  }, lockMs / RENEWALS);

  const note = async (): Promise<void> => {
    const noted = taken.note({ inFlight: [...inFlight], deaths: Object.fromEntries(deaths) });
    noted.catch(() => undefined);
    const timeout = new AbortController();
    await Promise.race([
      noted.catch(() => undefined),
      sleep(NOTE_MS, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
  };
  if (before.length > 0) await note();
  return {
    taken,
    lost: lost.signal,
    deaths,
    begin: async (row) => {
      inFlight.add(row);
      if (!lost.signal.aborted) await note();
    },
    end: (row) => {
      inFlight.delete(row);
    },
    addDeath: async (row) => {
      deaths.set(row, (deaths.get(row) ?? 0) + 1);
      inFlight.delete(row);
      if (!lost.signal.aborted) await note();
    },
    clear: async () => {
      inFlight.clear();
      if (!lost.signal.aborted) await note();
    },
    release: () => {
      clearInterval(timer);
    },
  };
};

/** Only ends the work on this chunk: the worker takes another. */
const lockLost = ({ id }: TakenJob): RefineError =>
  new RefineError('CANCELLED', `The lock of the chunk ${id} has ended; another worker may have it.`);
