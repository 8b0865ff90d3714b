/** The results of a run, by their file or by the folder that they lie in. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';

export interface FoundResults {
  /** All of one folder: one file, or the parts of a run in their order. */
  files: readonly string[];
  /** Parts that are not there, by their names. */
  missing: readonly string[];
}

const PART = /^results-(\d+)-of-(\d+)\.jsonl$/;

/**
 * @param path absolute
 * @throws RefineError MANIFEST_UNREADABLE: there is nothing, or parts of more than one division
 */
export const findResults = async (path: string): Promise<FoundResults> => {
  const stats = await stat(path).catch((cause: unknown) => {
    const why = systemCodeOf(cause) === 'ENOENT' ? `No such file: ${path}` : `Cannot read ${path}: ${messageOf(cause)}`;
    throw unreadable(`${why}. Expected the results.jsonl of a run, or the folder that it is in.`, path, cause);
  });
  return stats.isDirectory() ? inFolder(path) : { files: [path], missing: [] };
};

const inFolder = async (folder: string): Promise<FoundResults> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(`Cannot read the folder ${folder}: ${messageOf(cause)}.`, folder, cause);
  });
  if (names.includes('results.jsonl')) return { files: [join(folder, 'results.jsonl')], missing: [] };
  const counts = new Set(names.flatMap((name) => PART.exec(name)?.[2] ?? []));
  const [count = '0', second] = counts;
  if (second !== undefined) {
    const divisions = [...counts].map((number) => `results-1-of-${number}.jsonl`).join(' and ');
    throw unreadable(`${folder} has parts of several runs (${divisions}, …): name one file.`, folder);
  }
  const parts = Array.from(
    { length: Math.min(Number(count), names.length * 1000) },
    (_, part) => `results-${part + 1}-of-${count}.jsonl`,
  );
  const there = parts.filter((name) => names.includes(name));
  if (there.length === 0)
    throw unreadable(`${folder} has no results.jsonl: expected the output folder of a run.`, folder);
  return {
    files: there.map((name) => join(folder, name)),
    missing: parts.filter((name) => !there.includes(name)),
  };
};

const unreadable = (message: string, path: string, cause?: unknown): RefineError =>
  new RefineError('MANIFEST_UNREADABLE', message, { context: { path }, ...(cause === undefined ? {} : { cause }) });
