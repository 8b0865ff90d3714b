/** One file from a server, into a folder: whole, verified, or not there. */
import type { Hash } from 'node:crypto';
import { open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { isRefineError, messageOf, type RefineError } from '../../errors.js';
import { addToHash } from '../files/hash-file.js';
import { makeFolder } from '../files/make-folder.js';
import { readChunks } from '../files/open-file.js';
import type { Failed } from './send-request.js';

/** A file whose bytes are known before they come. */
export interface ListedFile {
  /** In messages. */
  name: string;
  size: number;
  /** In hexadecimal digits; names the file in the folder. */
  digest: string;
  beginDigest: () => Hash;
  /** Who says so, in messages: `the hub`. */
  listedBy: string;
}

export interface DownloadOptions {
  folder: string;
  /** Asks for the file. @param from first byte that is wanted; an answer other than 206 has all of it */
  ask: (from: number) => Promise<Response>;
  /** Called with the bytes that have come since the last call; those of an earlier, broken download are among them. */
  onBytes: (count: number) => void;
  signal: AbortSignal;
  /** Whether a process of this machine lives. */
  isAlive: (pid: number) => boolean;
  failed: Failed;
  unwritable: (path: string, cause: unknown) => RefineError;
}

/**
 * What came before a break is kept under a name with this process in it, and taken over by the next process once this one is gone.
 * @returns the file's path
 * @throws what `ask`, `failed` and `unwritable` make, the signal's reason
 */
export const downloadFile = async (file: ListedFile, options: DownloadOptions): Promise<string> => {
  const { folder, ask, onBytes } = options;
  const whole = join(folder, file.digest);
  if (await isThere(whole, file.size)) {
    onBytes(file.size);
    return whole;
  }
  try {
    await makeFolder(folder);
    const partial = await ownPartial(file, options);
    let hash = file.beginDigest();
    let have = await addToHash(hash, readChunks(partial, 'download'));
    onBytes(have);
    if (have < file.size) {
      const response = await ask(have);
      if (have > 0 && response.status !== 206) {
        /* The server sends all of it again. */
        await truncate(partial, 0);
        onBytes(-have);
        have = 0;
        hash = file.beginDigest();
      }
      have += await append(partial, response, { file, have, hash, options });
    }
    await expectWhole(partial, { file, have, digest: hash.digest('hex'), options });
    await rename(partial, whole);
    return whole;
  } catch (thrown) {
    options.signal.throwIfAborted();
    if (isRefineError(thrown)) throw thrown;
    throw options.unwritable(whole, thrown);
  }
};

const isThere = (path: string, size: number): Promise<boolean> =>
  stat(path).then(
    (found) => found.size === size,
    () => false,
  );

/** A partial download of this process: the longest that a process left behind that is gone, else a new, empty one. */
const ownPartial = async (
  { digest, size }: ListedFile,
  { folder, isAlive }: Pick<DownloadOptions, 'folder' | 'isAlive'>,
): Promise<string> => {
  const name = (owner: number): string => `${digest}.${hostname()}-${owner}.incomplete`;
  const own = join(folder, name(pid));
  const left = (await readdir(folder)).filter((other) => {
    const [, owner] = /-(\d+)\.incomplete$/.exec(other) ?? [];
    return owner !== undefined && other === name(Number(owner)) && Number(owner) !== pid && !isAlive(Number(owner));
  });
  const sizes = await Promise.all(
    left.map(async (other) => ({ other, bytes: (await stat(join(folder, other))).size })),
  );
  const [longest] = sizes.filter(({ bytes }) => bytes <= size).sort((a, b) => b.bytes - a.bytes);
  if (longest !== undefined && !(await isThere(own, longest.bytes))) await rename(join(folder, longest.other), own);
  await (await open(own, 'a')).close();
  return own;
};

interface Arriving {
  file: ListedFile;
  have: number;
  hash: Hash;
  options: DownloadOptions;
}

const append = async (
  partial: string,
  response: Response,
  { file, have, hash, options }: Arriving,
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
    if (!isTransfer(thrown)) throw thrown;
    const message = `The download of ${file.name} broke off: ${messageOf(thrown)}. Try again; what came is kept.`;
    throw options.failed(message, thrown);
  } finally {
    await handle.close();
  }
  return came;
};

/** fetch's stream fails with a TypeError; the disk with a system error. */
const isTransfer = (thrown: unknown): boolean => (thrown as { name?: unknown }).name === 'TypeError';

const expectWhole = async (
  partial: string,
  { file, have, digest, options }: Omit<Arriving, 'hash'> & { digest: string },
): Promise<void> => {
  if (have < file.size) {
    throw options.failed(
      `The download of ${file.name} broke off at ${have} of ${file.size} bytes. Try again; what came is kept.`,
    );
  }
  if (have === file.size && digest === file.digest) return;
  await rm(partial, { force: true });
  throw options.failed(
    `What came as ${file.name} is not the file that ${file.listedBy} lists (${digest} instead of ${file.digest}). Try again.`,
  );
};
