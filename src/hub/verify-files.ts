/** Whether the files of a cached model are the bytes that the hub listed: its names in the cache are their digests. */
import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../errors.js';
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

/** Reads every byte of the model. @param folder a model's, of the cache or not */
export async function* verifyFiles(folder: string, signal: AbortSignal): AsyncGenerator<VerifiedFile> {
  const names = await readdir(folder, { recursive: true });
  for (const path of names.sort()) {
    signal.throwIfAborted();
    const verified = await verifyFile(folder, path);
    if (verified !== null) yield verified;
  }
}

const verifyFile = async (folder: string, path: string): Promise<VerifiedFile | null> => {
  const file = join(folder, path);
  try {
    const found = await stat(file);
    if (found.isDirectory()) return null;
    const digest = basename(await readlink(file).catch(() => ''));
    if (!DIGEST.test(digest)) return { path, bytes: found.size, isWhole: null, problem: null };
    const hash = beginDigest({ digest, size: found.size });
    await digestFile(file, hash);
    const isWhole = hash.digest('hex') === digest;
    const problem = isWhole ? null : 'its bytes are not those that the hub listed';
    return { path, bytes: found.size, isWhole, problem };
  } catch (thrown) {
    return { path, bytes: 0, isWhole: false, problem: messageOf(thrown) };
  }
};
