/** Finds the results of a run by their file or their folder. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';

export interface FoundResults {
  /** Absolute, from one folder: one file, or the shards of a run in their order. */
  files: readonly string[];
  /** Names of shards that the folder lacks. */
  missing: readonly string[];
}

const SHARD = /^results-(\d+)-of-(\d+)\.jsonl$/;

/**
 * @param path absolute
 * @throws RefineError MANIFEST_UNREADABLE: no results, or shards of several runs
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
  const counts = new Set(names.flatMap((name) => SHARD.exec(name)?.[2] ?? []));
  const [count = '0', second] = counts;
  if (second !== undefined) {
    const examples = [...counts].map((number) => `results-1-of-${number}.jsonl`).join(' and ');
    throw unreadable(
      `${folder} contains results of several sharded runs (${examples}, …). Name one of these files.`,
      folder,
    );
  }
  const shards = Array.from(
    { length: Math.min(Number(count), names.length * 1000) },
    (_, shard) => `results-${shard + 1}-of-${count}.jsonl`,
  );
  const present = shards.filter((name) => names.includes(name));
  if (present.length === 0)
    throw unreadable(`${folder} has no results.jsonl: expected the output folder of a run.`, folder);
  return {
    files: present.map((name) => join(folder, name)),
    missing: shards.filter((name) => !present.includes(name)),
  };
};

const unreadable = (message: string, path: string, cause?: unknown): RefineError =>
  new RefineError('MANIFEST_UNREADABLE', message, { context: { path }, ...(cause === undefined ? {} : { cause }) });
