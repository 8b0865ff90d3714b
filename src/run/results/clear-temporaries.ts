/** Removes temporary files of killed runs. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { systemCodeOf } from '../../errors.js';
import { readFileText } from '../../io/files/open-file.js';
import { createNameSet } from './listed-outputs.js';
import { outputUnwritable } from './output-error.js';
import { nameHash, TEMPORARY } from '../../io/files/temporary-path.js';

/** Temporary files beside a lock: a new lock not yet in place, and a lock moved aside because it seemed stale. */
const LOCK_TEMPORARY = /^(\.sdxl-refine(?:-\d+-of-\d+)?\.lock)\.(\d+)\.(?:[\da-f]+\.)?(old\.)?tmp$/;
const LOCK = /^\.sdxl-refine(?:-\d+-of-\d+)?\.lock$/;

export interface ClearOptions {
  /** Folder of the runs' locks. */
  outputFolder: string;
  /** As in `lockFolder`: '' or a part's. null if this process holds no lock. */
  part: string | null;
  /** Whether a process of this machine is alive. */
  isAlive: (pid: number) => boolean;
  /** Removes only temporaries of this file, in a folder that is not the runs' own. */
  onlyOf?: string;
}

/**
 * Removes temporary files of killed runs from a folder, before this process writes there. Each run that writes outputs holds a
 * lock in the output folder, which names its process; other writers are on this machine.
 * @throws OUTPUT_UNWRITABLE
 */
export const clearTemporaries = async (folder: string, options: ClearOptions): Promise<void> => {
  const { outputFolder, part, isAlive, onlyOf } = options;
  try {
    const names = await namesIn(folder);
    const temporaries = names.filter((name) => TEMPORARY.test(name) || LOCK_TEMPORARY.test(name));
    if (temporaries.length === 0) return;
    /* Read after the files: none of them belongs to a run that began since. */
    const others = await otherHolders(outputFolder, part === null ? null : `.sdxl-refine${part}.lock`);
    const isActive = (writer: number): boolean => others.has(writer) || (writer !== pid && isAlive(writer));
    for (const name of temporaries) {
      const [, writer, mark] = TEMPORARY.exec(name) ?? [];
      const isStale =
        writer === undefined
          ? await isStaleLockTemporary(folder, name, isAlive)
          : !isActive(Number(writer)) && (onlyOf === undefined || mark === nameHash(onlyOf));
      if (isStale) await rm(join(folder, name), { force: true });
    }
  } catch (cause) {
    throw outputUnwritable(folder, cause);
  }
};

/**
 * Clears each folder on the first call only: afterwards this process writes there itself. Memory: some bytes per
 * folder.
 */
export const folderClearer = (options: ClearOptions): ((folder: string) => Promise<void>) => {
  const cleared = createNameSet();
  const pending = new Map<string, Promise<void>>();
  return (folder) => {
    if (cleared.has(folder)) return pending.get(folder) ?? Promise.resolve();
    cleared.add(folder);
    const clearing = clearTemporaries(folder, options).finally(() => pending.delete(folder));
    pending.set(folder, clearing);
    return clearing;
  };
};

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw cause;
  });

/** Processes that hold locks, except this process's own lock. */
const otherHolders = async (folder: string, own: string | null): Promise<Set<number>> => {
  const holders = new Set<number>();
  for (const name of await namesIn(folder)) {
    if (!LOCK.test(name) || name === own) continue;
    const [, holder] = /"pid":(\d+)/.exec(await readFileText(join(folder, name), 'note').catch(() => '')) ?? [];
    holders.add(Number(holder));
  }
  return holders;
};

/** A lock that was moved aside may be valid: the process that moved it puts it back. */
const isStaleLockTemporary = async (
  folder: string,
  name: string,
  isAlive: ClearOptions['isAlive'],
): Promise<boolean> => {
  const [, lock = '', writer, isAside] = LOCK_TEMPORARY.exec(name) ?? [];
  if (Number(writer) !== pid && isAlive(Number(writer))) return false;
  if (isAside === undefined) return true;
  const [current, aside] = await Promise.all(
    [lock, name].map((file) => readFileText(join(folder, file), 'note').catch(() => null)),
  );
  return current !== null && current !== aside;
};
