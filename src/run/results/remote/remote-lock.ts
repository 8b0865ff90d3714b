/**
 * A lock in object storage: it tells two runs of each other. It does not keep a run from writing whose clock is wrong, or that
 * slept while another took over; what is written is then kept whole by conditional writes of pictures and of the journal's parts.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRefineError, RefineError } from '../../../errors.js';
import { ownHolder, parseHolder, stateOfHolder, type ProcessHolder } from '../../../io/files/lock-holder.js';
import { parseJsonObject } from '../../../io/json/parse-json.js';
import { cutText } from '../../../io/json/json-text.js';
import type { Store } from '../../../io/store/store.js';
import { remoteNames } from './remote-names.js';

const HEARTBEAT_MS = 30_000;
/** A lock is stale after this time without a heartbeat: several missed ones. */
const SILENCE_MS = 3 * 60_000;
/** Stores refuse requests of clocks that are a quarter of an hour off, so no run that goes on is further ahead. */
const MAX_AHEAD_MS = 20 * 60_000;
const MAX_BYTES = 4096;
/** A lock that another run removes meanwhile is "there" and then not; a store that says so again and again is out of step with itself. */
const MOST_TRIES = 5;
const PAUSE_MS = 1000;

export interface LockOptions {
  /** Between heartbeats. Default: 30 s. */
  beatMs?: number;
  /** Between tries. Default: 1 s. */
  pauseMs?: number;
  /** Stops the tries. */
  signal?: AbortSignal;
}

interface Holder extends ProcessHolder {
  id: string;
  /** Milliseconds since 1970, of the holder's clock. */
  beat: number;
}

export interface RemoteLock {
  /** Whom the lock was taken from, for messages; null if there was none. */
  takenFrom: string | null;
  /** Aborted with OUTPUT_LOCKED if another run took the lock. */
  lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * @param isAlive whether a process of this machine is alive
 * @throws OUTPUT_LOCKED if another run holds the lock; STORE_*; the signal's reason
 */
export const lockRemote = async (
  store: Store,
  part: string,
  isAlive: (pid: number) => boolean,
  { beatMs = HEARTBEAT_MS, pauseMs = PAUSE_MS, signal }: LockOptions = {},
): Promise<RemoteLock> => {
  const name = remoteNames(part).lock;
  const own = { id: randomUUID(), ...(await ownHolder()) };
  const text = (): Buffer => Buffer.from(JSON.stringify({ ...own, beat: Date.now() } satisfies Holder));
  let takenFrom: string | null = null;
  for (let tries = 1; !(await store.writeNew(name, text())); tries++) {
    const holder = await readHolder(store, name);
    if (holder === null) {
      if (tries === MOST_TRIES) throw outOfStep(store, name);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      signal?.throwIfAborted();
      continue;
    }
    /* An upload whose answer was lost is repeated, and finds the name taken by itself. */
    if (holder !== UNREADABLE && holder.id === own.id) break;
    if (holder !== UNREADABLE && (await isHeld(holder, isAlive))) throw held(store, holder);
    takenFrom = holder === UNREADABLE ? 'an unreadable lock' : describe(holder);
    await store.write(name, text());
    const taker = await readHolder(store, name);
    if (idOf(taker) !== own.id) throw held(store, taker);
    break;
  }
  const lost = new AbortController();
  const heartbeat = async (): Promise<void> => {
    const holder = await readHolder(store, name);
    if (holder !== null && holder !== UNREADABLE && holder.id !== own.id) lost.abort(held(store, holder));
    else if (!isReleased) await store.write(name, text());
  };
  let isReleased = false;
  let beating: Promise<void> = Promise.resolve();
  const beat = setInterval(() => {
    /* The store may be away for a while: the uploads of the run say so. */
    beating = beating.then(heartbeat).catch(() => undefined);
  }, beatMs);
  beat.unref();
  return {
    takenFrom,
    lost: lost.signal,
    release: async () => {
      clearInterval(beat);
      isReleased = true;
      /* One that is under way would write the lock again. */
      await beating;
      if (idOf(await readHolder(store, name)) === own.id) await store.remove(name);
    },
  };
};

const isHeld = async (holder: Holder, isAlive: (pid: number) => boolean): Promise<boolean> => {
  const silentMs = Date.now() - holder.beat;
  return silentMs < SILENCE_MS && silentMs > -MAX_AHEAD_MS && (await stateOfHolder(holder, isAlive)) !== 'ended';
};

const UNREADABLE = Symbol('a lock that is none of this program');
type Found = Holder | typeof UNREADABLE | null;

const idOf = (found: Found): string | null => (found === null || found === UNREADABLE ? null : found.id);

/** null if there is no lock. @throws STORE_* if it cannot be known */
const readHolder = async (store: Store, name: string): Promise<Found> => {
  if (!(await store.has(name))) return null;
  try {
    const bytes = await store.read(name, { maxBytes: MAX_BYTES });
    const value = parseJsonObject(bytes, { maxDepth: 2, maxTokens: 100 }, (what) => new Error(what));
    const { id, beat } = value;
    const holder = parseHolder(value);
    if (holder === null || typeof id !== 'string' || typeof beat !== 'number') return UNREADABLE;
    return { ...holder, id, beat };
  } catch (thrown) {
    if (!isRefineError(thrown) || thrown.code === 'STORE_TOO_LARGE') return UNREADABLE;
    if (thrown.code === 'STORE_MISSING') return null;
    throw thrown;
  }
};

const describe = ({ pid, host }: Holder): string => `process ${pid} on ${cutText(host, 255)}`;

const outOfStep = (store: Store, name: string): RefineError =>
  new RefineError(
    'STORE_UNAVAILABLE',
    `Expected ${store.shown} to take a new ${name} or to have one, but it refused ${MOST_TRIES} times to write it and had none to read. Try again later; a cache or proxy before the store must not answer for it.`,
    { context: { place: store.shown } },
  );

const held = (store: Store, holder: Found): RefineError =>
  new RefineError(
    'OUTPUT_LOCKED',
    `Expected exclusive use of ${store.shown}, but another run is writing there (${holder === null || holder === UNREADABLE ? 'unknown' : describe(holder)}). Wait for it, or choose another --output-dir. A lock without a heartbeat for ${SILENCE_MS / 60_000} minutes is stale.`,
    { context: { place: store.shown } },
  );
