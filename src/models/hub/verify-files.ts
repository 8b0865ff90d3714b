/**
 * Whether the files of a model are the bytes that they should be: names in the hub's cache are digests, and a folder's
 * own `SHA256SUMS` has them.
 */
import { readdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { addToHash } from '../../io/files/hash-file.js';
import { readChunks } from '../../io/files/open-file.js';
import { beginDigest } from './begin-digest.js';
import { DIGESTS_FILE, readFolderDigests } from './folder-digests.js';

export interface VerifiedFile {
  /** In the model's folder, `/` between. */
  path: string;
  bytes: number;
  /** null: there is no digest to compare with. */
  isWhole: boolean | null;
  problem: string | null;
}

const DIGEST = /^([0-9a-f]{64}|[0-9a-f]{40})$/;

/**
 * Reads every byte of the model. Files that the folder's digests name and that are not there are among them.
 * @param folder a model's, of the cache or not
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

/** @param listed by the folder itself; a link into the cache has its digest in its name */
const verifyFile = async (folder: string, path: string, listed: string | null): Promise<VerifiedFile | null> => {
  const file = join(folder, path);
  try {
    const found = await stat(file);
    if (found.isDirectory()) return null;
    const link = await readlink(file).catch(() => '');
    const linked = DIGEST.test(basename(link)) ? basename(link) : null;
    const digest = linked ?? listed;
    if (digest === null) return { path, bytes: found.size, isWhole: null, problem: null };
    const hash = beginDigest({ digest, size: found.size });
    await addToHash(hash, readChunks(file, 'weights'));
    const isWhole = hash.digest('hex') === digest;
    /* The link may go or stay: a pull takes the bytes it leads to for whole. */
    const blob = resolve(dirname(file), link);
    const problem =
      linked === null
        ? `its bytes are not those that ${DIGESTS_FILE} lists`
        : `its bytes in ${blob} are not those that the hub listed`;
    return { path, bytes: found.size, isWhole, problem: isWhole ? null : problem };
  } catch (thrown) {
    const problem = systemCodeOf(thrown) === 'ENOENT' ? 'missing' : messageOf(thrown);
    return { path, bytes: 0, isWhole: false, problem };
  }
};
