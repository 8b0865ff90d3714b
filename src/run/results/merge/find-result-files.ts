/** Finds the results files to merge: files, folders and globs of the command line. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import fastGlob from 'fast-glob';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { fileIdentity } from '../../../io/files/file-identity.js';
import { existingForm } from '../../../io/files/unicode-form.js';

export interface ResultFile {
  /** Absolute. */
  path: string;
  /** From its name, `results-1-of-4.jsonl`; null: of a whole run. */
  shard: { index: number; count: number } | null;
}

const SHARD = /^results-(\d{1,6})-of-(\d{1,6})\.jsonl$/;

export const partOf = ({ shard }: ResultFile): string => (shard === null ? '' : `-${shard.index}-of-${shard.count}`);

/** Each file once, in the order of the command line; those of a folder or a glob in the order of their numbers. @throws MANIFEST_UNREADABLE */
export const findResultFiles = async (inputs: readonly string[], cwd: string): Promise<ResultFile[]> => {
  const found = new Map<string, ResultFile>();
  for (const input of inputs) {
    for (const path of await pathsOf(input, cwd)) {
      const identity = (await fileIdentity(path)) ?? path;
      const [, index, count] = SHARD.exec(basename(path)) ?? [];
      const shard = index === undefined ? null : { index: Number(index), count: Number(count) };
      if (!found.has(identity)) found.set(identity, { path, shard });
    }
  }
  return [...found.values()];
};

const pathsOf = async (input: string, cwd: string): Promise<string[]> => {
  const path = existingForm(resolve(cwd, input));
  const stats = await stat(path).catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return null;
    throw missing(input, messageOf(cause), cause);
  });
  if (stats === null) {
    const matches = fastGlob.isDynamicPattern(input) ? await fastGlob.glob(input, { cwd, absolute: true }) : [];
    if (matches.length === 0) throw missing(input, 'there is no such file, and nothing that it matches as a glob');
    return matches.sort(byNumbers);
  }
  if (!stats.isDirectory()) return [path];
  const names = await readdir(path).catch((cause: unknown) => {
    throw missing(input, messageOf(cause), cause);
  });
  /* Not both: a merge of the shards may have written results.jsonl. */
  const shards = names.filter((name) => SHARD.test(name)).sort(byNumbers);
  const all = shards.length > 0 ? shards : names.filter((name) => name === 'results.jsonl');
  if (all.length === 0) throw missing(input, 'the folder has no results.jsonl and no results-<i>-of-<n>.jsonl');
  return all.map((name) => join(path, name));
};

/** `results-2-of-10.jsonl` before `results-10-of-10.jsonl`. */
const byNumbers = (a: string, b: string): number => COLLATOR.compare(a, b);
const COLLATOR = new Intl.Collator('en', { numeric: true });

const missing = (input: string, what: string, cause?: unknown): RefineError =>
  new RefineError(
    'MANIFEST_UNREADABLE',
    `Expected results files, or folders of runs, to merge, got "${input}": ${what}. Name what batch wrote: its results-<i>-of-<n>.jsonl, or its --output-dir.`,
    { context: { input }, ...(cause === undefined ? {} : { cause }) },
  );

/** The folder that all files are in; null if there are several. */
export const commonFolder = (files: readonly ResultFile[]): string | null => {
  const [folder = null, ...others] = new Set(files.map(({ path }) => dirname(path)));
  return others.length === 0 ? folder : null;
};
