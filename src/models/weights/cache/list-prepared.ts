/** Lists and removes prepared files: weights converted from the user's and cached on disk. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ABANDONED_MS, PREPARED } from './prepared-file.js';

export interface PreparedEntry {
  file: string;
  /** `int8`, `transformed`, or `unfinished`: left incomplete by an ended process. */
  kind: string;
  bytes: number;
  /** Milliseconds since 1970. */
  lastUsed: number;
}

/** Least recently used first; empty if there is no folder. Other files in it are ignored. */
export const listPrepared = async (folder: string, now = Date.now()): Promise<PreparedEntry[]> => {
  const names = await readdir(folder).catch(() => []);
  const entries = await Promise.all(
    names.map(async (name): Promise<PreparedEntry[]> => {
      const { kind, unfinished } = PREPARED.exec(name)?.groups ?? {};
      if (kind === undefined) return [];
      const file = join(folder, name);
      const stats = await lstat(file).catch(() => null);
      if (stats?.isFile() !== true) return [];
      if (unfinished !== undefined && now - stats.mtimeMs < ABANDONED_MS) return [];
      const lastUsed = Math.round(Math.max(stats.atimeMs, stats.mtimeMs));
      return [{ file, kind: unfinished === undefined ? kind : 'unfinished', bytes: stats.size, lastUsed }];
    }),
  );
  return entries.flat().sort((a, b) => a.lastUsed - b.lastUsed);
};

/** A process with the file mapped can use it until it ends; Windows refuses to remove it. @returns the error, or null */
export const removePrepared = async ({ file }: PreparedEntry): Promise<unknown> =>
  rm(file, { force: true }).then(
    () => null,
    (cause: unknown) => cause,
  );
