/** Removes temporary files of killed runs. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { systemCodeOf } from '../../errors.js';
import { readFileText } from '../../io/files/open-file.js';
import { createNameSet } from './listed-outputs.js';
import { outputUnwritable } from './output-error.js';
import { nameHash, TEMPORARY } from './temporary-path.js';

/** Beside a lock: one that was to become it, and one that was taken aside because its holder seemed gone. */
const OF_LOCK = /^(\.sdxl-refine(?:-\d+-of-\d+)?\.lock)\.(\d+)\.(old\.)?tmp$/;
const LOCK = /^\.sdxl-refine(?:-\d+-of-\d+)?\.lock$/;

export interface ClearOptions {
  /** Where runs have their locks. */
  outputFolder: string;
  /** As of `lockFolder`: '' or a part's. null: this process holds no lock. */
  part: string | null;
  /** Whether a process of this machine lives. */
  isAlive: (pid: number) => boolean;
  /** Only what was to become this file: in a folder that is not the runs' own. */
  onlyOf?: string;
}

/**
 * Removes what killed runs were writing in a folder, before this process writes there. Everyone who writes outputs holds a
 * lock in the output folder, which names its process; who else writes there lives on this machine.
 * @throws OUTPUT_UNWRITABLE
 */
export const clearTemporaries = async (folder: string, options: ClearOptions): Promise<void> => {
  const { outputFolder, part, isAlive, onlyOf } = options;
  try {
    const names = await namesIn(folder);
    const found = names.filter((name) => TEMPORARY.test(name) || OF_LOCK.test(name));
    if (found.length === 0) return;
    /* Looked at after the files: who has begun since has none among them. */
    const others = await otherHolders(outputFolder, part === null ? null : `.sdxl-refine${part}.lock`);
    const lives = (writer: number): boolean => others.has(writer) || (writer !== pid && isAlive(writer));
    for (const name of found) {
      const [, writer, mark] = TEMPORARY.exec(name) ?? [];
      const isOver =
        writer === undefined
          ? await isStaleOfLock(folder, name, isAlive)
          : !lives(Number(writer)) && (onlyOf === undefined || mark === nameHash(onlyOf));
      if (isOver) await rm(join(folder, name), { force: true });
    }
  } catch (cause) {
    throw outputUnwritable(folder, cause);
  }
};

/**
 * Clears each folder when it is first asked to, and then no more: this process writes there itself by then. Memory: some
 * bytes a folder.
 */
export const folderClearer = (options: ClearOptions): ((folder: string) => Promise<void>) => {
  const cleared = createNameSet();
  const underWay = new Map<string, Promise<void>>();
  return (folder) => {
    if (cleared.has(folder)) return underWay.get(folder) ?? Promise.resolve();
    cleared.add(folder);
    const clearing = clearTemporaries(folder, options).finally(() => underWay.delete(folder));
    underWay.set(folder, clearing);
    return clearing;
  };
};

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return [];
    throw cause;
  });

/** Processes that hold locks, other than our own. */
const otherHolders = async (folder: string, own: string | null): Promise<Set<number>> => {
  const holders = new Set<number>();
  for (const name of await namesIn(folder)) {
    if (!LOCK.test(name) || name === own) continue;
    const [, holder] = /"pid":(\d+)/.exec(await readFileText(join(folder, name), 'note').catch(() => '')) ?? [];
    holders.add(Number(holder));
  }
  return holders;
};

/** A lock that was taken aside may be one that holds, and is put back by who took it. */
const isStaleOfLock = async (folder: string, name: string, isAlive: ClearOptions['isAlive']): Promise<boolean> => {
  const [, lock = '', writer, isAside] = OF_LOCK.exec(name) ?? [];
  if (Number(writer) !== pid && isAlive(Number(writer))) return false;
  if (isAside === undefined) return true;
  const [there, aside] = await Promise.all(
    [lock, name].map((one) => readFileText(join(folder, one), 'note').catch(() => null)),
  );
  return there !== null && there !== aside;
};
