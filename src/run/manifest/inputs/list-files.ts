/** Lists the files of a folder or glob. */
import { lstat, readdir, stat as fsStat, type Dirent, type Stats } from 'node:fs';
import { join, relative, sep } from 'node:path';
import fastGlob, { type Entry, type FileSystemAdapter } from 'fast-glob';
import { isFolder } from '../../../io/files/is-folder.js';
import { nameOfBytes, realPath, systemPath } from '../../../io/files/system-path.js';
import { sortNaturally } from './natural-order.js';

/** A place to list. */
export interface ListedPlace {
  /** Absolute. */
  folder: string;
  /** A glob inside the folder. */
  pattern: string;
}

export interface Listing {
  /** Relative to the folder, `/`-separated, in natural order. */
  files: string[];
  /** Number of matching folders that were not entered, including linked ones. */
  folders: number;
}

/** Results that a run writes beside pictures, and configuration files. */
export const OWN_FILES = /(?:^|\/)(?:results(?:-\d+-of-\d+)?\.jsonl|sdxl-refine\.(?:json|ya?ml))$/;

type ReaddirCallback = (error: Error | null, entries: Dirent[]) => void;

/** Reads names as bytes, so that files whose names are not UTF-8 can be opened. */
const BYTE_NAMES_FS = {
  lstat: (path: string, done: (error: Error | null, stats: Stats) => void): void => {
    lstat(systemPath(path), done);
  },
  stat: (path: string, done: (error: Error | null, stats: Stats) => void): void => {
    fsStat(systemPath(path), done);
  },
  readdir: (path: string, _: unknown, done: ReaddirCallback): void => {
    readdir(systemPath(path), { withFileTypes: true, encoding: 'buffer' }, (error, entries) => {
      done(error, error === null ? entries.map(withTextName) : []);
    });
  },
} as unknown as Partial<FileSystemAdapter>;

const withTextName = (entry: Dirent<Buffer>): Dirent =>
  Object.assign(entry as unknown as Dirent, { name: nameOfBytes(entry.name) });

/** Path of a folder inside another, links resolved, `/`-separated: `''` for itself; null if it is elsewhere or does not exist. */
export const findInside = async (folder: string, outer: string): Promise<string | null> => {
  const [real, realOuter] = await Promise.all([folder, outer].map((path) => realPath(path).catch(() => null)));
  if (real == null || realOuter == null) return null;
  const inside = relative(realOuter, real);
  return inside === '..' || inside.startsWith(`..${sep}`) ? null : inside.split(sep).join('/');
};

/**
 * Lists files that match. Links to files count as files, broken ones too, which fail their rows. Links to folders are not
 * entered, to avoid loops. Hidden files and folders, results (`results.jsonl`, `results-1-of-4.jsonl`) and configuration files
 * (`sdxl-refine.json`) are ignored. Keeps all names in memory, to sort them.
 *
 * @param except a folder inside that is not read, `/`-separated
 * @throws the file system's error for an unreadable folder, the signal's reason
 */
export const listFiles = async (
  { folder, pattern }: ListedPlace,
  except: string | null,
  signal?: AbortSignal,
): Promise<Listing> => {
  const patterns = [...new Set([pattern, pattern.normalize('NFC'), pattern.normalize('NFD')])];
  const entries = fastGlob.stream(patterns, {
    cwd: folder,
    objectMode: true,
    onlyFiles: false,
    followSymbolicLinks: false,
    fs: BYTE_NAMES_FS,
    ignore: except === null ? [] : [`${fastGlob.escapePath(except)}/**`],
  }) as AsyncIterable<unknown> as AsyncIterable<Entry>;
  const entersFolders = pattern.includes('**');
  const files: string[] = [];
  let folders = 0;
  for await (const { path, dirent } of entries) {
    signal?.throwIfAborted();
    const isLinkedFolder = dirent.isSymbolicLink() && (await isFolder(join(folder, path)));
    if (isLinkedFolder || (dirent.isDirectory() && !entersFolders)) folders += 1;
    else if (!dirent.isDirectory() && !OWN_FILES.test(path)) files.push(path);
  }
  return { files: sortNaturally(files), folders };
};
