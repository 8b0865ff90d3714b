/**
 * Verifies the files of a model against their digests: file names in the hub's cache, or `SHA256SUMS` in the model's
 * folder.
 */
import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { addToHash } from '../../io/files/hash-file.js';
import { readChunks } from '../../io/files/open-file.js';
import { beginDigest } from './begin-digest.js';
import { DIGESTS_FILE, readFolderDigests } from './folder-digests.js';

export interface VerifiedFile {
  /** Path in the model's folder, `/`-separated. */
  path: string;
  bytes: number;
  /** null without a digest to compare. */
  isWhole: boolean | null;
  problem: string | null;
}

const DIGEST = /^([0-9a-f]{64}|[0-9a-f]{40})$/;

/**
 * Reads every byte of the model. Also reports files that `SHA256SUMS` lists and the folder lacks.
 * @param folder of a model, in the cache or elsewhere
 * @throws MODEL_NOT_FOUND, MODEL_CONFIG_INVALID
 */
export async function* verifyFiles(folder: string, signal: AbortSignal): AsyncGenerator<VerifiedFile> {
  const names = (await listNames(folder)).map((name) => name.replaceAll('\\', '/'));
  const digests = (await readFolderDigests(folder)) ?? new Map<string, string>();
  const all = new Set([...names, ...digests.keys()]);
  all.delete(DIGESTS_FILE);
  for (const path of [...all].sort()) {
    signal.throwIfAborted();
    const verified = await verifyFile(folder, path, digests.get(path) ?? null);
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

/** @param listed digest from `SHA256SUMS`; a link into the cache has its digest in the target's name */
const verifyFile = async (folder: string, path: string, listed: string | null): Promise<VerifiedFile | null> => {
  const file = join(folder, path);
  try {
    const status = await stat(file);
    if (status.isDirectory()) return null;
    const link = await readlink(file).catch(() => '');
    const linked = DIGEST.test(basename(link)) ? basename(link) : null;
    const digest = linked ?? listed;
    if (digest === null) return { path, bytes: status.size, isWhole: null, problem: null };
    const hash = beginDigest({ digest, size: status.size });
    await addToHash(hash, readChunks(file, 'weights'));
    const isWhole = hash.digest('hex') === digest;
    /* Name the blob, not the link: a pull assumes that an existing blob is complete. */
    const blob = resolve(dirname(file), link);
    const problem =
      linked === null
        ? `its bytes are not those that ${DIGESTS_FILE} lists`
        : `its bytes in ${blob} are not those that the hub listed`;
    return { path, bytes: status.size, isWhole, problem: isWhole ? null : problem };
  } catch (thrown) {
    const problem = systemCodeOf(thrown) === 'ENOENT' ? 'missing' : messageOf(thrown);
    return { path, bytes: 0, isWhole: false, problem };
  }
};
