/** The files of a folder, or of a glob. */
import { lstat, readdir, stat as fsStat, type Dirent, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import fastGlob, { type Entry, type FileSystemAdapter } from 'fast-glob';
import { nameOfBytes, realPath, systemPath } from '../../../io/files/system-path.js';
import { sortNaturally } from './natural-order.js';

/** What the listing is of. */
export interface ListedPlace {
  /** Absolute. */
  folder: string;
  /** A glob inside the folder. */
  pattern: string;
}

export interface Listing {
  /** Relative to the folder, `/`-separated, in natural order. */
  files: string[];
  /** How many folders the pattern names and does not enter, linked ones among them. */
  folders: number;
}

/** What a run writes beside pictures, and reads its settings from. */
const OWN_FILES = /(?:^|\/)(?:results(?:-\d+-of-\d+)?\.jsonl|sdxl-refine\.(?:json|ya?ml))$/;

type ReaddirCallback = (error: Error | null, entries: Dirent[]) => void;

/** Names come as bytes, so that those which are not UTF-8 can be opened. */
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

/** Where a folder is inside another, links followed, `/`-separated: `''` for itself; null where it is elsewhere or is not there yet. */
export const findInside = async (folder: string, outer: string): Promise<string | null> => {
  const [real, realOuter] = await Promise.all([folder, outer].map((path) => realPath(path).catch(() => null)));
  if (real == null || realOuter == null) return null;
  const inside = relative(realOuter, real);
  return inside === '..' || inside.startsWith(`..${sep}`) ? null : inside.split(sep).join('/');
};

/** Whether there is a folder at a path, by links or not. */
export const isFolder = async (path: string): Promise<boolean> =>
  (await stat(systemPath(path)).catch(() => null))?.isDirectory() === true;

/**
 * Lists files whose names match. Links to files are files, broken ones too: their rows say so. Links to folders are not
 * entered, so there is no loop to fall into. Hidden files and folders, `results.jsonl` (`results-1-of-4.jsonl`) and `sdxl-refine.json` are as if
 * they were not there. Holds every name, because order needs them all.
 *
 * @param except a folder inside that is not read, `/`-separated
 * @throws what the file system says of a folder that can't be read; the signal's reason
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
