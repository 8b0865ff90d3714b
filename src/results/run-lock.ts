/** One run an output folder: a lock file that names its holder, taken over when the holder is gone. */
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pid } from 'node:process';
import { messageOf, RefineError, systemCodeOf } from '../errors.js';
import { outputUnwritable } from './output-error.js';
import { placeNew } from './place-new.js';

/** The holder says this often that it lives. */
const HEARTBEAT_MS = 30_000;
/** A holder on another machine is taken for dead after this long without a sign: several missed beats, and clocks that differ. */
const SILENCE_MS = 10 * 60_000;

export interface RunLock {
  /** Of the lock that was taken over, for people; null: there was none. */
  takenFrom: string | null;
  release: () => Promise<void>;
}

interface Holder {
  pid: number;
  host: string;
  started: string;
}

/**
 * @param part '' for a whole run; runs of different parts hold the folder together
 * @param isAlive whether a process of this machine lives
 * @throws OUTPUT_LOCKED when another run holds the folder
 * @throws OUTPUT_UNWRITABLE
 */
export const lockFolder = async (folder: string, part: string, isAlive: (pid: number) => boolean): Promise<RunLock> => {
  const path = join(folder, `.sdxl-refine${part}.lock`);
  let takenFrom: string | null = null;
  while (!(await tryCreate(path))) {
    const text = await readText(path);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder !== null && (await holds(path, holder, isAlive))) throw locked(path, holder);
    if (await takeAway(path, text)) takenFrom = holder === null ? 'an unreadable lock' : holderText(holder);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    takenFrom,
    release: async () => {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
};

/** The lock appears whole: written beside, then given its name, which fails where there is one already. */
const tryCreate = async (path: string): Promise<boolean> => {
  const holder: Holder = { pid, host: hostname(), started: new Date().toISOString() };
  const beside = `${path}.${pid}.tmp`;
  try {
    await writeFile(beside, JSON.stringify(holder));
    await placeNew(beside, path);
    return true;
  } catch (cause) {
    if (systemCodeOf(cause) === 'EEXIST') return false;
    throw outputUnwritable(path, cause);
  } finally {
    await rm(beside, { force: true });
  }
};

const holds = async (
  path: string,
  { pid: holder, host }: Holder,
  isAlive: (pid: number) => boolean,
): Promise<boolean> => {
  /* Our own number in a lock that we do not hold is that of a process before us. */
  if (host === hostname()) return holder !== pid && isAlive(holder);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < SILENCE_MS;
};

/** Removes the lock that was read, and no other: of two runs that both found it stale, one may have its own there by now. */
const takeAway = async (path: string, stale: string): Promise<boolean> => {
  const aside = `${path}.${pid}.old.tmp`;
  try {
    await rename(path, aside);
    const isStale = (await readFile(aside, 'utf8')) === stale;
    if (!isStale) await placeNew(aside, path).catch(() => undefined);
    await rm(aside, { force: true });
    return isStale;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return false;
    throw outputUnwritable(path, cause);
  }
};

const readText = (path: string): Promise<string | null> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw new RefineError('OUTPUT_UNWRITABLE', `Cannot read the lock ${path}: ${messageOf(cause)}.`, { cause });
  });

const parseHolder = (text: string): Holder | null => {
  try {
    const { pid: holder, host, started } = JSON.parse(text) as Partial<Holder>;
    return Number.isSafeInteger(holder) && typeof host === 'string' && typeof started === 'string'
      ? { pid: Number(holder), host, started }
      : null;
  } catch {
    return null;
  }
};

const holderText = ({ pid: holder, host, started }: Holder): string => `process ${holder} on ${host}, since ${started}`;

const locked = (path: string, holder: Holder): RefineError =>
  new RefineError(
    'OUTPUT_LOCKED',
    `Another run writes to ${dirname(path)} (${holderText(holder)}). Wait for it, give another --output-dir, ` +
      `or, if it is gone for certain, delete ${path}.`,
    { context: { path, pid: holder.pid, host: holder.host } },
  );
