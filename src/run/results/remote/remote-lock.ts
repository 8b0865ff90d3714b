/**
 * A lock in object storage: it tells two runs of each other. It does not keep a run from writing whose clock is wrong, or that
 * slept while another took over; what is written is then kept whole by conditional writes of pictures and of the journal's parts.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { RefineError } from '../../../errors.js';
import { parseJsonObject } from '../../../io/json/parse-json.js';
import { cutText } from '../../../io/json/json-text.js';
import type { Store } from '../../../io/store/store.js';
import { remoteNames } from './remote-names.js';

const HEARTBEAT_MS = 30_000;
/** A lock is stale after this time without a heartbeat: several missed ones. */
const SILENCE_MS = 3 * 60_000;
const MAX_BYTES = 4096;

interface Holder {
  id: string;
  pid: number;
  host: string;
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
 * @throws OUTPUT_LOCKED if another run holds the lock; STORE_*
 */
export const lockRemote = async (
  store: Store,
  part: string,
  isAlive: (pid: number) => boolean,
  beatMs = HEARTBEAT_MS,
): Promise<RemoteLock> => {
  const name = remoteNames(part).lock;
  const own = { id: randomUUID(), pid, host: hostname() };
  const text = (): Buffer => Buffer.from(JSON.stringify({ ...own, beat: Date.now() } satisfies Holder));
  let takenFrom: string | null = null;
  if (!(await store.writeNew(name, text()))) {
    const holder = await readHolder(store, name);
    /* An upload whose answer was lost is repeated, and finds the name taken by itself. */
    if (holder !== null && holder.id !== own.id && isHeld(holder, isAlive)) throw held(store, holder);
    takenFrom = holder === null ? 'an unreadable lock' : describe(holder);
    await store.write(name, text());
    if ((await readHolder(store, name))?.id !== own.id) throw held(store, await readHolder(store, name));
  }
  const lost = new AbortController();
  const heartbeat = async (): Promise<void> => {
    const holder = await readHolder(store, name);
    if (holder !== null && holder.id !== own.id) lost.abort(held(store, holder));
    else await store.write(name, text());
  };
  const beat = setInterval(() => {
    /* The store may be away for a while: the uploads of the run say so. */
    heartbeat().catch(() => undefined);
  }, beatMs);
  beat.unref();
  return {
    takenFrom,
    lost: lost.signal,
    release: async () => {
      clearInterval(beat);
      if ((await readHolder(store, name))?.id === own.id) await store.remove(name);
    },
  };
};

const isHeld = (holder: Holder, isAlive: (pid: number) => boolean): boolean => {
  if (Date.now() - holder.beat >= SILENCE_MS) return false;
  return holder.host !== hostname() || (holder.pid !== pid && isAlive(holder.pid));
};

/** null if there is no lock, or one that cannot be read. */
const readHolder = async (store: Store, name: string): Promise<Holder | null> => {
  if ((await store.stat(name)) === null) return null;
  try {
    const bytes = await store.read(name, { maxBytes: MAX_BYTES });
    const {
      id,
      pid: holder,
      host,
      beat,
    } = parseJsonObject(bytes, { maxDepth: 2, maxTokens: 100 }, (what) => new Error(what));
    const isHolder =
      typeof id === 'string' && Number.isSafeInteger(holder) && Number(holder) > 0 && typeof host === 'string';
    return isHolder && typeof beat === 'number' ? { id, pid: Number(holder), host: cutText(host, 255), beat } : null;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'STORE_UNAVAILABLE') throw thrown;
    return null;
  }
};

const describe = ({ pid: holder, host }: Holder): string => `process ${holder} on ${host}`;

const held = (store: Store, holder: Holder | null): RefineError =>
  new RefineError(
    'OUTPUT_LOCKED',
    `Expected exclusive use of ${store.shown}, but another run is writing there (${holder === null ? 'unknown' : describe(holder)}). Wait for it, or choose another --output-dir. A lock without a heartbeat for ${SILENCE_MS / 60_000} minutes is stale.`,
    { context: { place: store.shown } },
  );
