/** Finds the results files to merge: files, folders, globs and URIs of the command line. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import fastGlob from 'fast-glob';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { fileIdentity } from '../../../io/files/file-identity.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { foreignUri, isStoreUri } from '../../../io/store/store-uri.js';
import { byNumbers, chooseResults, resultFileOf, type ResultFile } from './result-file.js';

/**
 * Each file once, in the order of the command line; those of a folder or a glob in the order of their numbers.
 * @param copying makes a working folder for copies from object storage, which the caller removes; stops the copying
 * @throws MANIFEST_UNREADABLE STORE_*, the signal's reason
 */
export const findResultFiles = async (
  inputs: readonly string[],
  cwd: string,
  copying: { makeFolder: () => Promise<string>; signal: AbortSignal },
): Promise<ResultFile[]> => {
  const found = new Map<string, ResultFile>();
  for (const [at, input] of inputs.entries()) {
    const files = isStoreUri(input)
      ? await filesOfStore(input, join(await copying.makeFolder(), `${at}`), copying.signal)
      : (await pathsOf(input, cwd)).map((path) => resultFileOf(path));
    for (const file of files) {
      const identity = isStoreUri(file.shown) ? file.shown : ((await fileIdentity(file.path)) ?? file.path);
      if (!found.has(identity)) found.set(identity, file);
    }
  }
  return [...found.values()];
};

const filesOfStore = async (input: string, folder: string, signal: AbortSignal): Promise<ResultFile[]> => {
  const { copyRemoteResults } = await import('./copy-remote-results.js');
  const files = await copyRemoteResults(input, folder, signal);
  if (files.length === 0) throw missing(input, NO_RESULTS);
  return files;
};

const pathsOf = async (input: string, cwd: string): Promise<string[]> => {
  const uri = foreignUri(input);
  if (uri !== null) throw missing(input, `${uri} is not read; download it`);
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
  const chosen = chooseResults(names);
  if (chosen.length === 0) throw missing(input, NO_RESULTS);
  return chosen.map((name) => join(path, name));
};

const NO_RESULTS =
  'it has no results.jsonl, no results-<i>-of-<n>.jsonl, and no results of chunks (in the store of a queue they are in results/)';

const missing = (input: string, what: string, cause?: unknown): RefineError =>
  new RefineError(
    'MANIFEST_UNREADABLE',
    `Expected results files, or folders of runs, to merge, got "${input}": ${what}. Name what batch wrote: its results-<i>-of-<n>.jsonl, or its --output-dir.`,
    { context: { input }, ...(cause === undefined ? {} : { cause }) },
  );

/** The folder or place that all files are in, with a slash at its end; null if there are several. */
export const commonFolder = (files: readonly ResultFile[]): string | null => {
  const [folder = null, ...others] = new Set(files.map(({ shown }) => shown.replace(/[^/\\]*$/, '')));
  return others.length === 0 ? folder : null;
};
