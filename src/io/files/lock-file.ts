/** A lock file, which names its holder; a stale lock is taken over. */
import { randomBytes } from 'node:crypto';
import { lstat, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { pid } from 'node:process';
import { messageOf, systemCodeOf, type RefineError } from '../../errors.js';
import { cutText } from '../json/json-text.js';
import { linkIfAbsent } from './link-if-absent.js';
import { ownHolder, parseHolder as parseProcess, stateOfHolder, type ProcessHolder } from './lock-holder.js';
import { readFileText } from './open-file.js';

/** Interval of the holder's heartbeat. */
const HEARTBEAT_MS = 30_000;
/** A lock is stale after this time without a heartbeat: several missed ones, plus clock skew. */
const SILENCE_MS = 10 * 60_000;
export const SILENCE_MINUTES = SILENCE_MS / 60_000;
/** No clock that works is so far ahead of another: such a time says nothing. */
const MAX_AHEAD_MS = 24 * 60 * 60_000;
/** As `SILENCE_MS`, for a holder in another container of this machine, which has the same clock. */
const NEAR_SILENCE_MS = 4 * HEARTBEAT_MS;

export interface FileLock {
  /** Holder of the lock that was taken over, for messages; null if there was none. */
  takenFrom: string | null;
  /** Aborted if another process took the lock, for example of a suspended process. */
  lost: AbortSignal;
  release: () => Promise<void>;
}

/** A lock's holder, for messages. */
export interface LockHolder {
  pid: number;
  host: string;
  /** `process 7 on host, since 2026-01-01T00:00:00.000Z` */
  text: string;
}

export interface LockErrors {
  /** A live process has the lock. */
  held: (path: string, holder: LockHolder) => RefineError;
  /** `holder` is null if unknown. */
  lost: (path: string, holder: LockHolder | null) => RefineError;
  unwritable: (path: string, cause: unknown) => RefineError;
  /** @param why ends without a full stop */
  unreadable: (path: string, why: string, cause?: unknown) => RefineError;
}

export interface LockOptions {
  /** Whether a process of this machine is alive. */
  isAlive: (pid: number) => boolean;
  errors: LockErrors;
  /** Default: 30 s. */
  beatMs?: number;
}

interface Holder extends ProcessHolder {
  started: string;
}

/** @throws the errors of `errors`: `held`, `unwritable`, `unreadable` */
export const holdLock = async (
  path: string,
  { isAlive, errors, beatMs = HEARTBEAT_MS }: LockOptions,
): Promise<FileLock> => {
  const own = JSON.stringify({ ...(await ownHolder()), started: new Date().toISOString() } satisfies Holder);
  let takenFrom: string | null = null;
  while (!(await tryCreate(path, own, errors))) {
    const text = await readText(path, errors);
    if (text === null) {
      await refuseLink(path, errors);
      continue;
    }
    const holder = parseHolder(text);
    if (holder !== null && (await isHeld(path, holder, isAlive))) throw errors.held(path, describe(holder));
    if (await removeStaleLock(path, text, errors)) {
      takenFrom = holder === null ? 'an unreadable lock' : describe(holder).text;
    }
  }
  const lost = new AbortController();
  const heartbeat = async (): Promise<void> => {
    const text = await readText(path, errors);
    const now = new Date();
    if (text === own) await utimes(path, now, now);
    else if (text !== null) {
      const holder = parseHolder(text);
      lost.abort(errors.lost(path, holder === null ? null : describe(holder)));
    }
  };
  const beat = setInterval(() => {
    heartbeat().catch(() => undefined);
  }, beatMs);
  beat.unref();
  return {
    takenFrom,
    lost: lost.signal,
    release: async () => {
      clearInterval(beat);
      if ((await readText(path, errors).catch(() => null)) === own) await rm(path, { force: true });
    },
  };
};

/** Creates a complete lock: written beside, then linked to its name, which fails if a lock exists. */
const tryCreate = async (path: string, own: string, errors: LockErrors): Promise<boolean> => {
  const beside = temporaryOf(path, 'tmp');
  try {
    await writeFile(beside, own, { flag: 'wx' });
    /* By this machine's clock, as each heartbeat: a file server's may be so far behind that the lock would be stale at once. */
    const now = new Date();
    await utimes(beside, now, now).catch(() => undefined);
    /* ENOENT: the current holder may have removed the file beside. */
    return await linkIfAbsent(beside, path).then(
      () => true,
      (cause: unknown) => {
        if (['EEXIST', 'ENOENT'].includes(systemCodeOf(cause) ?? '')) return false;
        throw cause;
      },
    );
  } catch (cause) {
    throw errors.unwritable(path, cause);
  } finally {
    /* If this fails, clearing the folder's temporary files removes it. */
    await rm(beside, { force: true }).catch(() => undefined);
  }
};

/** Two containers may have this process's number and share the folder. */
const temporaryOf = (path: string, end: 'tmp' | 'old.tmp'): string =>
  `${path}.${pid}.${randomBytes(6).toString('hex')}.${end}`;

const isHeld = async (path: string, holder: Holder, isAlive: (pid: number) => boolean): Promise<boolean> => {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  const silentMs = Date.now() - mtimeMs;
  if (silentMs >= SILENCE_MS || silentMs < -MAX_AHEAD_MS) return false;
  const state = await stateOfHolder(holder, isAlive);
  return state === 'near' ? silentMs < NEAR_SILENCE_MS : state !== 'ended';
};

/** Removes only the lock that was read: of two processes that found it stale, one may have replaced it with its own. */
const removeStaleLock = async (path: string, stale: string, errors: LockErrors): Promise<boolean> => {
  const aside = temporaryOf(path, 'old.tmp');
  try {
    await rename(path, aside);
    const isStale = (await readFileText(aside, 'note')) === stale;
    if (!isStale) await linkIfAbsent(aside, path).catch(() => undefined);
    await rm(aside, { force: true });
    return isStale;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return false;
    throw errors.unwritable(path, cause);
  }
};

const readText = (path: string, errors: LockErrors): Promise<string | null> =>
  readFileText(path, 'note').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw errors.unreadable(path, messageOf(cause), cause);
  });

/** A broken link exists and can never be read. */
const refuseLink = async (path: string, errors: LockErrors): Promise<void> => {
  if ((await lstat(path).catch(() => null))?.isSymbolicLink() !== true) return;
  throw errors.unreadable(path, 'it is a broken symbolic link. Remove it');
};

const parseHolder = (text: string): Holder | null => {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const { started } = value;
    const holder = parseProcess(value);
    return holder === null || typeof started !== 'string' ? null : { ...holder, started };
  } catch {
    return null;
  }
};

/** Longest host name (RFC 1123, 2.1), and longer than any time. */
const MAX_TEXT = 255;

const describe = ({ pid: holder, host, started }: Holder): LockHolder => ({
  pid: holder,
  host,
  text: `process ${holder} on ${cutText(host, MAX_TEXT)}, since ${cutText(started, MAX_TEXT)}`,
});
