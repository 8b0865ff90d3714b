/** Allows one run per output folder: a lock file names its holder; a stale lock is taken over. */
import { lstat, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pid } from 'node:process';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { readFileText } from '../../io/files/open-file.js';
import { cutText } from '../../io/json/json-text.js';
import { outputUnwritable } from './output-error.js';
import { linkIfAbsent } from './link-if-absent.js';
import { MACHINE_NAMESPACE, processNamespace, processStart, type ProcessNamespace } from './process-identity.js';

/** Interval of the holder's heartbeat. */
const HEARTBEAT_MS = 30_000;
/** A lock is stale after this time without a heartbeat: several missed ones, plus clock skew. */
const SILENCE_MS = 10 * 60_000;
/** The same of a holder on this machine, in a container of its own: there is one clock. */
const NEAR_SILENCE_MS = 4 * HEARTBEAT_MS;

export interface RunLock {
  /** Of the lock that was taken over, for people; null: there was none. */
  takenFrom: string | null;
  /** Aborted when another run has taken the lock away, as of a run that stood still for long; its reason is OUTPUT_LOCKED. */
  lost: AbortSignal;
  release: () => Promise<void>;
}

interface Holder {
  pid: number;
  host: string;
  started: string;
  /** Where its number counts, and when it began there; null: its system does not say. */
  place: ProcessNamespace | null;
  start: string | null;
}

/**
 * @param part '' for a whole run; runs of different parts hold the folder together
 * @param isAlive whether a process of this machine lives
 * @throws OUTPUT_LOCKED when another run holds the folder
 * @throws OUTPUT_UNWRITABLE
 */
export const lockFolder = async (
  folder: string,
  part: string,
  isAlive: (pid: number) => boolean,
  beatMs = HEARTBEAT_MS,
): Promise<RunLock> => {
  const path = join(folder, `.sdxl-refine${part}.lock`);
  const [place, start] = [await processNamespace(), await processStart(pid)];
  const own = JSON.stringify({
    pid,
    host: hostname(),
    started: new Date().toISOString(),
    place,
    start,
  } satisfies Holder);
  let takenFrom: string | null = null;
  while (!(await tryCreate(path, own))) {
    const text = await readText(path);
    if (text === null) {
      await refuseLink(path);
      continue;
    }
    const holder = parseHolder(text);
    if (holder !== null && (await isHeld(path, holder, { place, isAlive }))) throw locked(path, holder);
    if (await removeStaleLock(path, text)) takenFrom = holder === null ? 'an unreadable lock' : holderText(holder);
  }
  const lost = new AbortController();
  const heartbeat = async (): Promise<void> => {
    const text = await readText(path);
    const now = new Date();
    if (text === own) await utimes(path, now, now);
    else if (text !== null) lost.abort(lockLost(path, parseHolder(text)));
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
      if ((await readText(path).catch(() => null)) === own) await rm(path, { force: true });
    },
  };
};

/** The lock appears whole: written beside, then given its name, which fails where there is one already. */
const tryCreate = async (path: string, own: string): Promise<boolean> => {
  const beside = `${path}.${pid}.tmp`;
  try {
    /* Whatever has the name, a link perhaps, is not written through. */
    await rm(beside, { force: true });
    await writeFile(beside, own, { flag: 'wx' });
    /* The current holder of the lock may have removed it. */
    return await linkIfAbsent(beside, path).then(
      () => true,
      (cause: unknown) => {
        if (['EEXIST', 'ENOENT'].includes(systemCodeOf(cause) ?? '')) return false;
        throw cause;
      },
    );
  } catch (cause) {
    throw outputUnwritable(path, cause);
  } finally {
    /* `clearTemporaries` removes it if this fails. */
    await rm(beside, { force: true }).catch(() => undefined);
  }
};

const isHeld = async (
  path: string,
  holder: Holder,
  { place, isAlive }: { place: ProcessNamespace | null; isAlive: (pid: number) => boolean },
): Promise<boolean> => {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  const silentMs = Date.now() - mtimeMs;
  if (silentMs >= SILENCE_MS) return false;
  if (holder.place !== null && place !== null) {
    const [isBoot, isSpace] = [holder.place.boot === place.boot, holder.place.namespace === place.namespace];
    if (isBoot && isSpace) return holder.start === (await processStart(holder.pid));
    if (isBoot) return silentMs < NEAR_SILENCE_MS;
    /* The machine was restarted; a container of the same name may be another one. */
    return !(holder.host === hostname() && isSpace && place.namespace === MACHINE_NAMESPACE);
  }
  /* Our own number in a lock that we do not hold is that of a process before us. */
  return holder.host !== hostname() || (holder.pid !== pid && isAlive(holder.pid));
};

/** Removes the lock that was read, and no other: of two runs that both found it stale, one may have its own there by now. */
const removeStaleLock = async (path: string, stale: string): Promise<boolean> => {
  const aside = `${path}.${pid}.old.tmp`;
  try {
    await rename(path, aside);
    const isStale = (await readFileText(aside, 'note')) === stale;
    if (!isStale) await linkIfAbsent(aside, path).catch(() => undefined);
    await rm(aside, { force: true });
    return isStale;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return false;
    throw outputUnwritable(path, cause);
  }
};

const readText = (path: string): Promise<string | null> =>
  readFileText(path, 'note').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw new RefineError('OUTPUT_UNWRITABLE', `Cannot read the lock ${path}: ${messageOf(cause)}.`, { cause });
  });

/** One that leads nowhere is there and cannot be read, for ever. @throws OUTPUT_UNWRITABLE */
const refuseLink = async (path: string): Promise<void> => {
  if ((await lstat(path).catch(() => null))?.isSymbolicLink() !== true) return;
  throw new RefineError('OUTPUT_UNWRITABLE', `Cannot read the lock ${path}: it is a broken symbolic link. Remove it.`);
};

const parseHolder = (text: string): Holder | null => {
  try {
    const { pid: holder, host, started, place, start } = JSON.parse(text) as Partial<Holder>;
    /* 0 and less stand for groups of processes, which always live. */
    if (!Number.isSafeInteger(holder) || Number(holder) < 1 || typeof host !== 'string' || typeof started !== 'string')
      return null;
    const isPlaced =
      typeof place?.boot === 'string' && typeof place.namespace === 'string' && typeof start === 'string';
    /* Without them: a lock of an older version, or of a system that does not say. */
    return { pid: Number(holder), host, started, place: isPlaced ? place : null, start: isPlaced ? start : null };
  } catch {
    return null;
  }
};

/** Longest name of a host (RFC 1123, 2.1), and more than a time has. */
const MAX_TEXT = 255;

const holderText = ({ pid: holder, host, started }: Holder): string =>
  `process ${holder} on ${cutText(host, MAX_TEXT)}, since ${cutText(started, MAX_TEXT)}`;

const locked = (path: string, holder: Holder): RefineError =>
  new RefineError(
    'OUTPUT_LOCKED',
    `Expected exclusive use of ${dirname(path)}, but another run is writing to it (${holderText(holder)}). Wait for it, or choose another --output-dir. ` +
      `If that process has ended, delete ${path}; a lock without a heartbeat for ${SILENCE_MS / 60_000} minutes is stale.`,
    { context: { path, pid: holder.pid, host: holder.host } },
  );

const lockLost = (path: string, holder: Holder | null): RefineError =>
  new RefineError(
    'OUTPUT_LOCKED',
    `Expected exclusive use of ${dirname(path)}, but another run took it over while this run was suspended (${holder === null ? 'unknown' : holderText(holder)}). Nothing more is written; finished rows are kept.`,
    { context: { path } },
  );
