/** Whether the files of a cached model are the bytes that the hub listed: its names in the cache are their digests. */
import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../errors.js';
import { beginDigest, digestFile } from './digest-file.js';

export interface VerifiedFile {
  /** In the model's folder. */
  path: string;
  bytes: number;
  /** null: the file has no digest to compare with, being no link into the cache. */
  isWhole: boolean | null;
  problem: string | null;
}

const DIGEST = /^([0-9a-f]{64}|[0-9a-f]{40})$/;

/** Reads every byte of the model. @param folder a model's, of the cache or not @throws MODEL_NOT_FOUND */
export async function* verifyFiles(folder: string, signal: AbortSignal): AsyncGenerator<VerifiedFile> {
  const names = await listNames(folder);
  for (const path of names.sort()) {
    signal.throwIfAborted();
    const verified = await verifyFile(folder, path);
    if (verified !== null) yield verified;
  }
}

const listNames = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder, { recursive: true });
  } catch (cause) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? '')) throw cause;
    throw new RefineError(
      'MODEL_NOT_FOUND',
      `There is no model folder at ${folder}. Give a folder, or an id that "sdxl-refine models list" shows.`,
      { context: { path: folder }, cause },
    );
  }
};

const verifyFile = async (folder: string, path: string): Promise<VerifiedFile | null> => {
  const file = join(folder, path);
  try {
    const found = await stat(file);
    if (found.isDirectory()) return null;
    const link = await readlink(file).catch(() => '');
    const digest = basename(link);
    if (!DIGEST.test(digest)) return { path, bytes: found.size, isWhole: null, problem: null };
    const hash = beginDigest({ digest, size: found.size });
    await digestFile(file, hash);
    const isWhole = hash.digest('hex') === digest;
    /* The link may go or stay: a pull takes the bytes it leads to for whole. */
    const blob = resolve(dirname(file), link);
    const problem = isWhole ? null : `its bytes in ${blob} are not those that the hub listed`;
    return { path, bytes: found.size, isWhole, problem };
  } catch (thrown) {
    return { path, bytes: 0, isWhole: false, problem: messageOf(thrown) };
  }
};
