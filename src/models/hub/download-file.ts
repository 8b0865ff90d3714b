/** One file of the hub, into the cache: whole, verified, or not there. */
import { open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { messageOf, isRefineError, RefineError } from '../../errors.js';
import { makeFolder } from '../../io/files/make-folder.js';
import { askHub, failed, type AskOptions } from './ask-hub.js';
import { beginDigest, digestFile } from './digest-file.js';
import type { HubSettings } from './hub-settings.js';
import type { RemoteFile, Repository } from './read-repository.js';

export interface DownloadOptions extends AskOptions {
  /** Folder of the repository's files in the cache. */
  blobs: string;
  /** Called with the bytes that have come since the last call; those of an earlier, broken download are among them. */
  onBytes: (count: number) => void;
  /** Whether a process of this machine lives. */
  isAlive: (pid: number) => boolean;
}

/**
 * What came before a break is kept under a name with this process in it, and taken over by the next process once this one is gone.
 * @throws MODEL_DOWNLOAD_FAILED, OUTPUT_UNWRITABLE, the signal's reason
 */
export const downloadFile = async (
  settings: HubSettings,
  { id, commit }: Pick<Repository, 'id' | 'commit'>,
  file: RemoteFile,
  options: DownloadOptions,
): Promise<string> => {
  const { blobs } = options;
  const blob = join(blobs, file.digest);
  if (await isThere(blob, file.size)) {
    options.onBytes(file.size);
    return blob;
  }
  try {
    await makeFolder(blobs);
    const partial = await ownPartial(blobs, file, options.isAlive);
    let hash = beginDigest(file);
    let have = await digestFile(partial, hash);
    options.onBytes(have);
    if (have < file.size) {
      const path = `${id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
      const response = await askHub(settings, path, { signal: options.signal, from: have });
      if (have > 0 && response.status !== 206) {
        /* The server sends all of it again. */
        await truncate(partial, 0);
        options.onBytes(-have);
        have = 0;
        hash = beginDigest(file);
      }
      have += await append(partial, response, { file, have, hash, options });
    }
    await expectWhole(partial, file, have, hash.digest('hex'));
    await rename(partial, blob);
    return blob;
  } catch (thrown) {
    options.signal.throwIfAborted();
    if (isRefineError(thrown)) throw thrown;
    throw new RefineError('OUTPUT_UNWRITABLE', `Cannot write ${blob}: ${messageOf(thrown)}.`, { cause: thrown });
  }
};

const isThere = (path: string, size: number): Promise<boolean> =>
  stat(path).then(
    (found) => found.size === size,
    () => false,
  );

/** A partial download of this process: the longest that a process left behind that is gone, else a new, empty one. */
const ownPartial = async (
  blobs: string,
  { digest, size }: RemoteFile,
  isAlive: DownloadOptions['isAlive'],
): Promise<string> => {
  const name = (owner: number): string => `${digest}.${hostname()}-${owner}.incomplete`;
  const own = join(blobs, name(pid));
  const left = (await readdir(blobs)).filter((other) => {
    const [, owner] = /-(\d+)\.incomplete$/.exec(other) ?? [];
    return owner !== undefined && other === name(Number(owner)) && Number(owner) !== pid && !isAlive(Number(owner));
  });
  const sizes = await Promise.all(left.map(async (other) => ({ other, bytes: (await stat(join(blobs, other))).size })));
  const [longest] = sizes.filter(({ bytes }) => bytes <= size).sort((a, b) => b.bytes - a.bytes);
  if (longest !== undefined && !(await isThere(own, longest.bytes))) await rename(join(blobs, longest.other), own);
  await (await open(own, 'a')).close();
  return own;
};

const append = async (
  partial: string,
  response: Response,
  {
    file,
    have,
    hash,
    options,
  }: { file: RemoteFile; have: number; hash: ReturnType<typeof beginDigest>; options: DownloadOptions },
): Promise<number> => {
  const handle = await open(partial, 'a');
  let came = 0;
  try {
    for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      came += part.length;
      if (have + came > file.size) break;
      await handle.write(part);
      hash.update(part);
      options.onBytes(part.length);
    }
    await handle.sync();
  } catch (thrown) {
    if (isTransfer(thrown))
      throw failed(
        `The download of ${file.path} broke off: ${messageOf(thrown)}. Try again; what came is kept.`,
        thrown,
      );
    throw thrown;
  } finally {
    await handle.close();
  }
  return came;
};

/** fetch's stream fails with a TypeError; the disk with a system error. */
const isTransfer = (thrown: unknown): boolean => (thrown as { name?: unknown }).name === 'TypeError';

const expectWhole = async (partial: string, file: RemoteFile, have: number, digest: string): Promise<void> => {
  if (have < file.size) {
    throw failed(
      `The download of ${file.path} broke off at ${have} of ${file.size} bytes. Try again; what came is kept.`,
    );
  }
  if (have === file.size && digest === file.digest) return;
  await rm(partial, { force: true });
  throw failed(
    `What came as ${file.path} is not the file that the hub lists (${digest} instead of ${file.digest}). Try again.`,
  );
};
